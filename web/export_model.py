"""The shipped network as the ONNX file that the page runs.

    python web/export_model.py web/dist/student.onnx

It takes and gives the pixels of a canvas.  For tiles it takes the channel attentions'
means of the whole photo, and tells those of a part of what it sees.
"""

import sys
from pathlib import Path

from lled_jax.errors import InputError
from lled_jax.export import onnx
from lled_jax.export.exporting import Request, contract_for
from lled_jax.files import atomic_write
from lled_jax.locate import load_weights


def main(path: Path) -> None:
    """Write the file whole, or not at all."""
    request = Request("onnx", path, pixels="uint8")
    model, params = load_weights(request.weights)
    with atomic_write(path) as temporary:
        onnx.write_for_tiles(contract_for(request, model, params), params, temporary)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python web/export_model.py FILE.onnx")
    try:
        main(Path(sys.argv[1]))
    except InputError as error:
        sys.exit(f"error: {error}")
