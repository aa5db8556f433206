"""Well-lit photos as training pairs: views, sizes, and what cannot be one."""

import numpy as np
import pytest
from PIL import Image

from lled_jax.data.pairs import ArrayPairs
from lled_jax.data.sources import joined
from lled_jax.data.well_lit import HEIGHT, WIDTH, well_lit
from lled_jax.errors import InputError


def ramp(height, width):
    """Red says of each pixel how far down it was, green how far to the right."""
    y, x = np.mgrid[0:height, 0:width].astype(float)
    planes = [255 * y / (height - 1), 255 * x / (width - 1), 0 * x + 7]
    return np.rint(np.stack(planes, -1)).astype(np.uint8)


@pytest.fixture
def folder(tmp_path):
    Image.fromarray(ramp(2 * HEIGHT, 2 * WIDTH)).save(tmp_path / "large.png")
    Image.fromarray(ramp(HEIGHT, 2 * WIDTH)).save(tmp_path / "wide.png")
    (tmp_path / "notes.txt").write_text("no photo")
    return tmp_path


def test_a_photo_gives_itself_and_its_quarters_if_it_is_large_enough(folder):
    photos = well_lit(folder)
    large = [f"large-{i}" for i in range(5)]
    assert photos.names == (*large, "wide-0")
    assert (photos.sizes == (HEIGHT, WIDTH)).all()
    whole, *quarters = photos.high[:5]
    image = ramp(2 * HEIGHT, 2 * WIDTH)
    np.testing.assert_allclose(whole, image[::2, ::2], atol=2)
    top, bottom = (np.concatenate(quarters[i : i + 2], axis=1) for i in (0, 2))
    np.testing.assert_array_equal(np.concatenate([top, bottom]), image)


def test_another_shape_is_cut_in_the_middle(folder):
    (view,) = well_lit(folder).high[5:]
    np.testing.assert_array_equal(
        view, ramp(HEIGHT, 2 * WIDTH)[:, WIDTH // 2 : -WIDTH // 2]
    )


def test_each_photo_is_its_own_target(folder):
    photos = well_lit(folder)
    for low, high in map(photos.__getitem__, range(len(photos))):
        np.testing.assert_array_equal(low, high)


def test_sixteen_bits_become_eight(tmp_path):
    deep = ramp(HEIGHT, WIDTH)[..., 0].astype(np.uint16) * 257
    deep[deep < 65535] += 100  # the lower half is not as the upper
    Image.fromarray(deep).save(tmp_path / "deep.png")
    (view,) = well_lit(tmp_path).high
    np.testing.assert_array_equal(view[..., 0], ramp(HEIGHT, WIDTH)[..., 0])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_photos_come_after_the_pairs(folder, dtype):
    rng = np.random.default_rng(0)
    low, high = rng.integers(0, 200, (2, 3, 8, 9, 3)).astype(dtype)
    both = joined(ArrayPairs(["a", "b", "c"], low, high), well_lit(folder), "photo")
    assert both.names[:4] == ("a", "b", "c", "photo large-0")
    assert (len(both), both.dtype) == (9, dtype)
    np.testing.assert_array_equal(both[1][0], low[1])
    np.testing.assert_array_equal(both[1][1], high[1])
    scale = np.iinfo(dtype).max // 255
    assert both[3][1].max() == 255 * scale


def test_what_cannot_be_trained_on_is_named(folder, tmp_path):
    Image.fromarray(ramp(HEIGHT, WIDTH - 1)).save(folder / "small.png")
    with pytest.raises(InputError, match=r"small.png is 599x400; .*600x400 or more"):
        well_lit(folder)
    (folder / "small.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(InputError, match=r"small.png"):
        well_lit(folder)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no photos here"):
        well_lit(tmp_path / "empty")
    with pytest.raises(InputError, match="no such folder"):
        well_lit(tmp_path / "none")
