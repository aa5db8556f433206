"""The trained weights that come with the package; weights/README.md describes them."""

import hashlib
from pathlib import Path
from typing import NamedTuple

from lled_jax.errors import InputError

FOLDER = Path(__file__).parent / "weights"


class Shipped(NamedTuple):
    """A weights file of the package, and what it must contain."""

    file: str
    sha256: str
    trained_on: str = "LOL, which was published for research"

    def path(self) -> Path:
        """Where it is.

        Raises `InputError` if it is missing or not the file that was shipped.
        """
        path = FOLDER / self.file
        cure = "install the package again"
        if not path.is_file():
            raise InputError(f"the weights {path} are missing: {cure}")
        if hashlib.sha256(path.read_bytes()).hexdigest() != self.sha256:
            raise InputError(f"the weights {path} are damaged or changed: {cure}")
        return path


SHIPPED = {
    "student": Shipped(
        "student.safetensors",
        "9a594cfdac01d1562d50fc3a62636cf3e1a10a907762c0a8579e5fc64353099b",
    ),
    "student-photos": Shipped(
        "student-photos.safetensors",
        "32b6ef9f17404f8b57f2c08c8b054d1b0275acdd43d16232f137cb9bac2e6982",
        "LOL, which was published for research, and on 38 photos of Debian's packages, "
        "which have licences of their own",
    ),
    "teacher": Shipped(
        "teacher.safetensors",
        "d7c38f3ac94405771ad297eac6585ce1939d098e974cd84266d1c136e49d5a67",
    ),
}
"""By the name that `lled_jax.load` and --ckpt take."""

DEFAULT = "student-photos"
"""What photos are given to unless told otherwise: they are seldom of LOL's camera."""
