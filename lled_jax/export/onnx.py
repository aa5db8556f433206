"""ONNX: a graph of standard operators for ONNX Runtime, OpenVINO, TensorRT and the web.

There is no bf16: ONNX Runtime has no bf16 convolution for CPUs, so that nobody could
check such a file.  OpenVINO and TensorRT compute in bf16 from the float32 file when
they are told to.
"""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import helper

from lled_jax import onnx_graph
from lled_jax.arrays import Params
from lled_jax.export import onnx_int8
from lled_jax.export.contract import INPUT, OUTPUT, Contract, Runner, Samples
from lled_jax.models import variants

PRECISIONS = ("f32", "f16", "int8")


def write(
    contract: Contract,
    params: Params,
    calibration: Samples,
    path: Path,
) -> None:
    """Write the file, with the contract in its metadata.

    Any batch, height and width, or one image of the contract's size.  f16: weights and
    computation in float16, the pixels as the contract says.  int8: quantized as
    `onnx_int8` says, with the ranges that the `calibration` images take.
    Raises `InputError` for a network that cannot be exported.
    """
    model = _build(contract, params, _encoding(contract))
    if contract.precision == "int8":
        batches = [contract.batch(contract.fitted(image)) for image in calibration]
        model = onnx_int8.quantize(model, batches)
    _save(model, contract.metadata(), path)


def write_for_tiles(contract: Contract, params: Params, path: Path) -> None:
    """Write a file that draws a part of an image as a part of the whole.

    The inputs `means`, `share` and `inner` and the output `measured` are described at
    `lled_jax.onnx_graph.build`.  float32 pixels have the contract's layout; uint8 ones
    are RGBA, [1 h w 4]: what a browser's canvas holds; the alpha passes unchanged.
    f32 or f16, one image at a time.
    """
    assert contract.precision != "int8", "the means of tiles need floats"
    rgba = contract.pixels == "uint8"
    model = _build(contract, params, "rgba" if rgba else _encoding(contract), True)
    guided = variants.build_guided(contract.model, "ONNX")
    rows = f"float32 [{2 * guided.fabs}, {guided.channels}]"
    facts = contract.metadata() | {
        "means": f"{rows}: of the channel attentions, by stage, enhancement first",
        "share": "float32 [1]: means + share * (own - means) is used; 1: the own ones",
        "inner": "int32 [4]: the part whose means are the own ones, at half size: its "
        "first row and column, and those after its last",
        "measured": f"{rows}: the own means",
    }
    for name in (INPUT, OUTPUT):
        facts[name] = facts[name].replace("[batch,", "[1,")
    if rgba:
        for name in (INPUT, OUTPUT):
            facts[name] = facts[name].replace(", 3]", ", 4]")
            facts[name] += "; the fourth channel, alpha, passes unchanged"
    _save(model, facts, path)


def runner(path: Path) -> Runner:
    """The file run by ONNX Runtime on this CPU."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return lambda low: np.asarray(session.run([OUTPUT], {INPUT: low})[0])


def _encoding(contract: Contract) -> str:
    if contract.pixels == "float32" and contract.layout == "nhwc":
        return "float32_nhwc"
    return contract.pixels


def _build(
    contract: Contract, params: Params, encoding: str, tiles: bool = False
) -> onnx.ModelProto:
    short = contract.precision == "f16"
    return onnx_graph.build(
        contract.model,
        params,
        encoding,
        size=contract.size,
        precision="f16" if short else "f32",
        tiles=tiles,
    )


def _save(model: onnx.ModelProto, facts: dict[str, str], path: Path) -> None:
    helper.set_model_props(model, facts)
    model.producer_version = facts["version"]
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())
