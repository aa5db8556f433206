"""TFLite (LiteRT) files, which the XNNPACK delegate takes whole."""

import json
from pathlib import Path

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from ai_edge_litert.tools import flatbuffer_utils

from lled_jax.arrays import Params
from lled_jax.errors import InputError
from lled_jax.export.contract import INPUT, OUTPUT, Contract, Runner, Samples
from lled_jax.export.noise import silent
from lled_jax.export.tensorflow_graph import Graph, build, tf
from lled_jax.export.tflite_int8 import equalised, quantised

PRECISIONS = ("f32", "f16", "int8", "int8_dynamic")

METADATA = "lled_jax"
"""The name of the metadata buffer that holds the contract, as JSON."""


def write(
    contract: Contract,
    params: Params,
    calibration: Samples,
    path: Path,
) -> None:
    """Write the file.

    ``f16`` halves the weights; the runtime computes in what the device is good at.
    ``int8`` computes most of the large convolutions in 8 bit, their ranges those of
    `calibration`.  ``int8_dynamic`` computes all but the tiniest
    convolutions in 8 bit, their ranges those of the image at hand, found at run time.
    Raises `InputError` if int8 gets no images.
    """
    if contract.precision == "int8":
        if not calibration:
            raise InputError("int8 needs images to calibrate it: name some data")
        params = equalised(contract.model, params, calibration)
    graph = _fixed(build(contract.model, params), contract.size)
    with silent():
        content = _convert(contract, graph, calibration)
    model = flatbuffer_utils.read_model_from_bytearray(bytearray(content))
    if contract.pixels == "uint8":
        _take_bytes(model)
    _label(model, contract)
    path.write_bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def runner(path: Path) -> Runner:
    """The file run by LiteRT's interpreter, whose XNNPACK delegate is on by default."""
    with silent():
        interpreter = Interpreter(str(path))
        interpreter.allocate_tensors()
    low = interpreter.get_input_details()[0]["index"]
    enhanced = interpreter.get_output_details()[0]["index"]
    shape: tuple[int, ...] = ()

    def run(batch: np.ndarray) -> np.ndarray:
        nonlocal shape
        if batch.shape != shape:
            interpreter.resize_tensor_input(low, batch.shape, strict=True)
            interpreter.allocate_tensors()
            shape = batch.shape
        interpreter.set_tensor(low, batch)
        interpreter.invoke()
        return interpreter.get_tensor(enhanced)

    return run


def _fixed(graph: Graph, size: tuple[int, int] | None) -> Graph:
    """The graph with what an odd size has too much cut off, where the size is known."""
    if size is None:
        return graph
    height, width = size
    return lambda low: graph(low)[:, :height, :width]


def _convert(contract: Contract, graph: Graph, calibration: Samples) -> bytes:
    shape = (1, *(contract.size or (None, None)), 3)
    function = tf.function(
        lambda low: {OUTPUT: graph(low)},
        input_signature=[tf.TensorSpec(shape, tf.float32, INPUT)],
        autograph=False,
    ).get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function], tf.Module())
    if contract.precision == "int8":
        return quantised(converter, calibration, contract)
    if contract.precision != "f32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if contract.precision == "f16":
        converter.target_spec.supported_types = [tf.float16]
    return converter.convert()


def _take_bytes(model: schema.ModelT) -> None:
    """Let the graph begin with 8-bit pixels and end with them, rounded.

    Their scale is 1/255 to the bit, which the converter would estimate.
    """
    graph = model.subgraphs[0]
    code = schema.BuiltinOperator
    low, enhanced = graph.inputs[0], graph.outputs[0]
    dark, bright = (_byte_tensor(graph, index) for index in (low, enhanced))
    graph.operators.insert(0, _operator(model, code.DEQUANTIZE, dark, low))
    graph.operators.append(_operator(model, code.QUANTIZE, enhanced, bright))
    graph.inputs, graph.outputs = [dark], [bright]
    for signature in model.signatureDefs:
        signature.inputs[0].tensorIndex = dark
        signature.outputs[0].tensorIndex = bright


def _byte_tensor(graph: schema.SubGraphT, like: int) -> int:
    """The index of a new 8-bit tensor with the shape of another."""
    tensor = schema.TensorT()
    tensor.shape = graph.tensors[like].shape
    tensor.shapeSignature = graph.tensors[like].shapeSignature
    tensor.hasRank = True
    tensor.type = schema.TensorType.UINT8
    tensor.quantization = schema.QuantizationParametersT(
        scale=[np.float32(1 / 255)], zeroPoint=[0]
    )
    graph.tensors.append(tensor)
    return len(graph.tensors) - 1


def _operator(
    model: schema.ModelT, builtin: int, source: int, target: int
) -> schema.OperatorT:
    # Both of ours have small numbers, which the file holds twice.
    code = schema.OperatorCodeT(
        deprecatedBuiltinCode=builtin, builtinCode=builtin, version=1
    )
    model.operatorCodes.append(code)
    return schema.OperatorT(
        opcodeIndex=len(model.operatorCodes) - 1, inputs=[source], outputs=[target]
    )


def _label(model: schema.ModelT, contract: Contract) -> None:
    """Name the input and the output, and put the contract into the file."""
    graph = model.subgraphs[0]
    graph.tensors[graph.inputs[0]].name = INPUT
    graph.tensors[graph.outputs[0]].name = OUTPUT
    facts = json.dumps(contract.metadata(), ensure_ascii=False).encode()
    model.buffers.append(schema.BufferT(data=facts))
    entry = schema.MetadataT(name=METADATA, buffer=len(model.buffers) - 1)
    model.metadata = [*(model.metadata or []), entry]
    model.description = f"lled_jax {contract.version}: {contract.model}"
