"""Pictures as data URIs: a page that holds them asks nobody for anything."""

import base64
import io

from PIL import Image


def lossy_uri(picture: Image.Image) -> str:
    """A whole image, compressed so that the eye does not see it."""
    return _uri(picture, quality=82, method=4)


def lossless_uri(picture: Image.Image) -> str:
    """A detail: artefacts shown there are the method's, not ours."""
    return _uri(picture, lossless=True, quality=80, method=4)


def _uri(picture: Image.Image, **options: object) -> str:
    file = io.BytesIO()
    picture.save(file, "WEBP", **options)
    return "data:image/webp;base64," + base64.b64encode(file.getvalue()).decode()
