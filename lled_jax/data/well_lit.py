"""Well-lit photos as training pairs whose dark image does not exist.

LOL shows a few rooms and stills.  Photos of anything else that are well lit are easy to
have, and `training.augmentation` makes them dark, as it does LOL's targets.
"""

from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageOps

from lled_jax.data.decode import photos_in, read_image
from lled_jax.data.pairs import ArrayPairs, as_eight_bit
from lled_jax.data.parallel import parallel_map
from lled_jax.errors import InputError

# LOL's, so that crops show as much, and all whole images have one size.
HEIGHT, WIDTH = 400, 600


def well_lit(folder: Path) -> ArrayPairs:
    """Views of each photo as pairs of equal images, 8 bit, WIDTH x HEIGHT.

    The views are the photo, cut to that shape, and its four quarters if it has twice
    that size or more; of each the scale is reduced to fit.

    Raises:
        InputError: the folder is not there or has no photos, one of them cannot be
            read, or is smaller than a view.
    """
    paths = photos_in(folder)
    views = parallel_map(_views, paths)
    names = [
        f"{path.stem}-{i}"
        for path, seen in zip(paths, views, strict=True)
        for i in range(len(seen))
    ]
    images = [image for seen in views for image in seen]
    return ArrayPairs(names, images, images)


def _views(path: Path) -> list[UInt8[np.ndarray, "h w 3"]]:
    image = as_eight_bit(read_image(path))
    height, width = image.shape[:2]
    if height < HEIGHT or width < WIDTH:
        raise InputError(
            f"{path} is {width}x{height}; a photo to train on has {WIDTH}x{HEIGHT} or "
            "more: remove it"
        )
    views = [_fitted(image, 1)]
    if height >= 2 * HEIGHT and width >= 2 * WIDTH:
        large = _fitted(image, 2)
        views += [
            large[y : y + HEIGHT, x : x + WIDTH]
            for y in (0, HEIGHT)
            for x in (0, WIDTH)
        ]
    return views


def _fitted(image: UInt8[np.ndarray, "h w 3"], times: int) -> np.ndarray:
    size = (times * WIDTH, times * HEIGHT)
    return np.asarray(
        ImageOps.fit(Image.fromarray(image), size, Image.Resampling.LANCZOS)
    )
