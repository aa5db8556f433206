"""StableHLO: a folder with the program for XLA's devices, and its facts beside.

`exported.bin` is for `jax.export.deserialize`, in Python without this package;
`module.mlirbc` is the same program as StableHLO's portable bytecode, for other
compilers; `lled_jax.json` holds the contract, for which neither file has a place.
"""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, export
from jaxtyping import Num

from lled_jax.arrays import Params
from lled_jax.errors import InputError
from lled_jax.export.contract import Contract, Runner, Samples
from lled_jax.files import write_json
from lled_jax.images import encode, to_float
from lled_jax.inference import enhance
from lled_jax.models import variants
from lled_jax.models.gradient_guided import GradientGuided

PRECISIONS = ("f32", "bf16", "f16")
PLATFORMS = ("cpu", "cuda", "tpu")
PROGRAM, MODULE, FACTS = "exported.bin", "module.mlirbc", "lled_jax.json"

_DTYPES = {"f32": None, "bf16": jnp.bfloat16, "f16": jnp.float16}


def write(
    contract: Contract,
    params: Params,
    calibration: Samples,
    path: Path,
) -> None:
    """Write the folder; one program for all of `PLATFORMS`, any batch.

    Any height and width unless the contract fixes them.  HDRNets need them fixed.
    Raises `InputError` for a network that cannot be written so.
    """
    del calibration
    dtype = _DTYPES[contract.precision]
    model = variants.build(contract.model, dtype=dtype)
    if contract.size is None and not isinstance(model, GradientGuided):
        raise InputError(
            f"a {contract.model} cannot be exported for any size: give --size HxW"
        )
    if dtype is not None:  # half the file; the network casts them so anyway
        params = jax.tree.map(lambda values: values.astype(dtype), params)

    def low_to_enhanced(low: Num[Array, "b h w 3"]) -> Num[Array, "b h w 3"]:
        # An accelerator would otherwise multiply in shorter floats.
        exact = "highest" if dtype is None else None
        with jax.default_matmul_precision(exact):
            bright = enhance(model, params, to_float(low))
        return encode(bright, low.dtype) if contract.pixels == "uint8" else bright

    shape = export.symbolic_shape(", ".join(str(n) for n in contract.shape()))
    low = jax.ShapeDtypeStruct(shape, contract.dtype)
    exported = export.export(jax.jit(low_to_enhanced), platforms=PLATFORMS)(low)
    (path / PROGRAM).write_bytes(exported.serialize())
    (path / MODULE).write_bytes(exported.mlir_module_serialized)
    write_json(path / FACTS, contract.metadata())


def runner(path: Path) -> Runner:
    """The program of the file, by this machine's XLA."""
    exported = export.deserialize(bytearray((path / PROGRAM).read_bytes()))
    call = jax.jit(exported.call)
    return lambda low: np.asarray(call(low))
