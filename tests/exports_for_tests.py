"""A contract for the tests of exported files."""

from lled_jax.export.contract import Contract


def contract(**changed):
    """StableHLO of the student, any size, in float32, but for what is `changed`."""
    facts = {
        "format": "stablehlo",
        "model": "student",
        "precision": "f32",
        "pixels": "float32",
        "layout": "nhwc",
        "size": None,
        "weights_sha256": "0" * 64,
        "version": "0",
        "licence": "none",
    }
    return Contract(**facts | changed)
