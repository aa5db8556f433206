"""Which pairs show the same scene, and a hold-out that shares no scene with training.

LOL photographs most scenes several times, with other exposures and a camera that may
have moved a little; the targets of such siblings are the same picture or nearly.  A
validation image with a sibling in the training set measures memory, not skill.

The rule, on the targets alone (the low images are too noisy): two pairs are siblings
if the fine structure of their thumbnails correlates above `THRESHOLD` at the best
shift of up to `SHIFT` cells; scenes are the connected components.  Structure is the
square root of luminance minus its local mean, so that neither exposure nor a smooth
fall-off of light counts as likeness.  On the 449 pairs we hold of our485 this
gives 206 scenes, the largest of 9 pairs.  The number is 206 to 215 for any threshold
from 0.5 to 0.9, which is why 0.5 is safe: siblings lie above 0.9, and what joins
between 0.5 and 0.9 are still lifes that were rearranged and three look-alikes.
Joining too much costs nothing; splitting a scene would.

It is about views: the same room from another side, or the same toys in quite another
arrangement, count as another scene.
"""

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped
from PIL import Image
from scipy import ndimage
from scipy.sparse import csgraph

from lled_jax.data.decode import read_image
from lled_jax.data.pairs import PairSource
from lled_jax.data.parallel import parallel_map
from lled_jax.data.sources import FolderPairs
from lled_jax.errors import InputError
from lled_jax.images import LUMA_WEIGHTS

# All chosen by looking at the pairs of our485 next to each threshold.
ROWS, COLUMNS = 32, 48  # LOL's aspect, cells of 12.5 pixels
RADIUS = 4  # the local mean is over 9 x 9 cells
SHIFT = 8  # cells: a quarter of the height, a sixth of the width
THRESHOLD = 0.5

Structure = Float[np.ndarray, "n rows columns"]


def scene_groups(source: PairSource) -> Int[np.ndarray, " n"]:
    """The scene of each pair, numbered from 0 in order of first appearance.

    Decodes every target once.  Time and memory grow with the square of the number of
    pairs: seconds for 449, minutes for 4500, besides decoding.

    Raises:
        InputError: a file cannot be read.
    """
    if len(source) == 0:
        return np.zeros(0, np.int64)
    thumbnails = np.stack(
        parallel_map(lambda i: _thumbnail(_target(source, i)), range(len(source)))
    )
    siblings = _similar(_structure(thumbnails))
    # Pictures without structure correlate with nothing, not even with themselves.
    _, same = np.unique(
        thumbnails.reshape(len(thumbnails), -1), axis=0, return_inverse=True
    )
    adjacent = siblings | (same[:, None] == same)
    return csgraph.connected_components(adjacent, directed=False)[1]


def holdout(
    source: PairSource, fraction: float, seed: int
) -> tuple[Int[np.ndarray, " train"], Int[np.ndarray, " held"]]:
    """Split the pairs by whole scenes: (training, held-out) indices, both ascending.

    Scenes are drawn in an order that depends on `seed` until the held-out part is as
    close to `fraction` of the pairs as whole scenes allow.  `fraction` 0 holds out
    nothing and decodes nothing.

    Raises:
        InputError: `fraction` is not in [0, 1), `seed` is negative, the set has too
            few scenes to split, or a file cannot be read.
    """
    if fraction == 0:
        return np.arange(len(source)), np.zeros(0, np.int64)
    return split_scenes(scene_groups(source), fraction, seed)


def split_scenes(
    groups: Int[np.ndarray, " n"], fraction: float, seed: int
) -> tuple[Int[np.ndarray, " train"], Int[np.ndarray, " held"]]:
    """`holdout` of pairs whose scenes are known (as from `scene_groups`).

    Raises:
        InputError: `fraction` is not in (0, 1), `seed` is negative, or there are too
            few scenes.
    """
    if not 0 < fraction < 1:
        raise InputError(f"hold-out fraction {fraction}: must be at least 0, below 1")
    if seed < 0:
        raise InputError(f"hold-out seed {seed}: must be at least 0")
    sizes = np.bincount(groups)
    target = fraction * len(groups)
    held: list[int] = []
    total = 0
    for scene in np.random.default_rng(seed).permutation(len(sizes)):
        if abs(total + sizes[scene] - target) < abs(total - target):
            held.append(int(scene))
            total += int(sizes[scene])
    mask = np.isin(groups, held)
    if not mask.any() or mask.all():
        raise InputError(
            f"hold-out fraction {fraction}: {len(groups)} pairs of {len(sizes)} scenes "
            "cannot be split so; change the fraction, or use 0 and a separate test set"
        )
    return np.flatnonzero(~mask), np.flatnonzero(mask)


def _target(source: PairSource, i: int) -> np.ndarray:
    """The target of pair `i`, without decoding the low image where that is possible."""
    return (
        read_image(source.high[i]) if isinstance(source, FolderPairs) else source[i][1]
    )


def _thumbnail(image: np.ndarray) -> np.ndarray:
    """[h, w, 3] in 8 or 16 bit to uint8 [ROWS, COLUMNS, 3], by averaging."""
    if image.dtype == np.uint16:
        image = (image >> 8).astype(np.uint8)
    small = Image.fromarray(image).resize((COLUMNS, ROWS), Image.Resampling.BOX)
    return np.asarray(small)


def _structure(thumbnails: np.ndarray) -> Structure:
    """Square root of luminance, minus its mean over the neighbourhood."""
    luma = thumbnails.astype(np.float32) @ np.array(LUMA_WEIGHTS, np.float32) / 255
    root = np.sqrt(luma)
    width = 2 * RADIUS + 1
    return root - ndimage.uniform_filter(root, (1, width, width), mode="nearest")


def _similar(structure: Structure) -> Bool[np.ndarray, "n n"]:
    """Whether two pictures correlate above THRESHOLD at any shift, on their overlap."""
    count = len(structure)
    above = np.zeros((count, count), bool)
    for down in range(-SHIFT, SHIFT + 1):
        for right in range(SHIFT + 1):
            first = _unit(structure[:, _cut(down, ROWS), _cut(right, COLUMNS)])
            second = _unit(structure[:, _cut(-down, ROWS), _cut(-right, COLUMNS)])
            above |= first @ second.T > THRESHOLD
    return above | above.T  # the transpose stands for the shifts to the left


def _cut(shift: int, size: int) -> slice:
    return slice(max(0, shift), size + min(0, shift))


def _unit(structure: Structure) -> Shaped[np.ndarray, "n cells"]:
    """Zero mean and unit length.

    A flat picture's rounding noise must not be blown up to unit length: half a step
    of 8 bit everywhere is about 0.002 per cell, so shorter vectors stay short.
    """
    flat = structure.reshape(len(structure), -1)
    flat = flat - flat.mean(axis=1, keepdims=True)
    floor = 0.002 * np.sqrt(flat.shape[1])
    return flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), floor)
