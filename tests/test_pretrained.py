"""The weights that come with the package: whole, loaded by name, and never absurd."""

import inspect
import re
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

import lled_jax
from lled_jax import locate, pretrained, shipped, weights_file
from lled_jax.data import synthetic
from lled_jax.data.decode import read_image
from lled_jax.errors import InputError
from lled_jax.images import to_float
from lled_jax.look import Look
from lled_jax.metrics import psnr

# What each photo of the demo's test set gains at least, in dB.  The teacher, which has
# seen more of LOL, misses the brightness of other photos by more (weights/README.md).
GAIN = {"student": 10, "student-photos": 10, "teacher": 7}


@pytest.fixture(scope="module", params=shipped.SHIPPED)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def network(name):
    return lled_jax.load(name)


def test_what_is_shipped_is_whole_and_described(name):
    path = shipped.SHIPPED[name].path()
    variant, _, facts = weights_file.read(path)
    assert variant == name.partition("-")[0]
    card = (shipped.FOLDER / "README.md").read_text()
    assert shipped.SHIPPED[name].sha256 in card
    configs = re.findall(r"configs/\w+\.py", facts["config"])
    assert configs
    assert all(config in card for config in configs)
    assert f"{facts['eval15']['psnr']:.2f}" in card
    assert f"{facts['held_out']['psnr']:.2f}" in card


def test_what_is_for_photos_is_loaded_by_default():
    name, params = locate.load_weights(shipped.SHIPPED["student-photos"].path())
    assert name == "student"
    jax.tree.map(np.testing.assert_array_equal, lled_jax.load().params, params)


def test_changed_or_missing_weights_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)
    with pytest.raises(InputError, match=r"student\.safetensors are missing: install"):
        lled_jax.load("student")
    (tmp_path / "student.safetensors").write_bytes(b"something else")
    with pytest.raises(InputError, match="are damaged or changed: install the package"):
        lled_jax.load("student")


def test_a_folder_of_that_name_comes_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("student").mkdir()
    with pytest.raises(InputError, match="no checkpoint at student"):
        locate.load_weights(Path("student"))


def test_it_brightens_photos_of_no_training_set(name, network):
    pairs = synthetic.demo("test")
    for low, high in (pairs[i] for i in range(len(pairs))):
        before, after = (
            float(psnr(*(to_float(jnp.asarray(x[None])) for x in (image, high)))[0])
            for image in (low, network.enhance(low))
        )
        assert after > before + GAIN[name]


def test_files_arrays_and_the_pure_function_agree(network, tmp_path):
    low = synthetic.demo("test")[0][0][:40, :30]
    Image.fromarray(low).save(tmp_path / "dark.png")
    from_file = network.enhance(tmp_path / "dark.png")
    np.testing.assert_array_equal(network.enhance(low), from_file)
    batch = np.float32(low)[None] / 255
    pure = jax.jit(network.apply)(network.params, jnp.asarray(batch))
    np.testing.assert_allclose(pure[0] * 255, from_file, atol=0.51)


GREY = np.zeros((4, 6), np.uint8)


@pytest.mark.parametrize(
    ("image", "what"),
    [
        (GREY, "uint8 [4, 6]"),
        (np.dstack([GREY] * 4), "uint8 [4, 6, 4]"),
        (np.dstack([GREY] * 3)[None], "uint8 [1, 4, 6, 3]"),
        (np.dstack([GREY] * 3)[:0], "uint8 [0, 6, 3]"),
        (np.dstack([GREY] * 3) / 255, "float64 [4, 6, 3]"),
        (np.dstack([GREY] * 3).astype(int), "int64 [4, 6, 3]"),
        (Image.new("RGB", (6, 4)), "of type Image"),
    ],
    ids=["grey", "rgba", "batch", "empty", "float", "int64", "pillow"],
)
def test_arrays_that_are_no_8_or_16_bit_rgb_are_refused(image, what):
    network = lled_jax.load("student")
    # Without the type check of the tests, which users do not have.
    enhance = inspect.unwrap(type(network).enhance)
    with pytest.raises(InputError) as caught:
        enhance(network, image)
    assert str(caught.value).startswith(f"the image is {what}; give RGB as a uint8")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("side", [40, 600], ids=["padded", "whole"])
def test_what_it_gives_may_be_written_to(side):
    network = lled_jax.load("student")
    low = np.full((side, side, 3), 9, np.uint8)
    for _ in range(3):  # of small images the third size is the first to be padded
        low = low[:-1]
        bright = network.enhance(low)
        assert bright.flags.writeable
        assert bright.base is None
    assert network.frames()(low).flags.writeable


def test_arrays_of_jax_are_taken_with_any_look():
    network = lled_jax.load("student")
    low = np.full((12, 9, 3), 9, np.uint8)
    look = Look(spare_bright=True)
    enhance = inspect.unwrap(type(network).enhance)
    np.testing.assert_array_equal(
        enhance(network, jnp.asarray(low), look), network.enhance(low, look)
    )


def test_what_another_backend_cannot_do_is_done_by_jax():
    pytest.importorskip("onnxruntime", reason="onnxruntime is optional")
    jax_, other = (lled_jax.load("student", b) for b in ("jax", "onnxruntime"))
    low = np.random.default_rng(0).integers(0, 9000, (20, 30, 3), np.uint16)
    bright = other.enhance(low)
    assert bright.dtype == np.uint16
    np.testing.assert_array_equal(bright, jax_.enhance(low))
    small, look = (low >> 8).astype(np.uint8), Look(strength=0.4)
    np.testing.assert_array_equal(other.enhance(small, look), jax_.enhance(small, look))


@pytest.mark.parametrize("amount", [0, -1])
def test_no_memory_is_refused(amount):
    with pytest.raises(InputError, match=f"max_memory is {amount}; give bytes"):
        lled_jax.load("student", max_memory=amount)


@pytest.mark.parametrize("shape", [(1, 1), (5000, 7), (7, 5000), (64, 64)])
@pytest.mark.parametrize("value", [0, 1, 255])
def test_flat_frames_give_flat_and_finite_frames(network, shape, value):
    low = np.full((*shape, 3), value, np.uint8)
    bright = network.enhance(low)
    assert bright.shape == low.shape
    assert np.isfinite(network.apply(network.params, to_float(low[None]))).all()
    if value == 255:
        assert bright.mean() > 128
    if min(shape) > 40:
        # Away from the border, where the convolutions see zeros.  The four parities of
        # a pixel come from different kernels; their pattern must not be seen.
        inner = bright[20:-20, 20:-20].astype(int)
        assert np.ptp(inner[::2, ::2].reshape(-1, 3), axis=0).max() <= 1
        assert np.ptp(inner.reshape(-1, 3), axis=0).max() <= 5


def test_real_dark_photos_come_out_neither_black_nor_white(name, network, shared):
    photos = sorted((shared / "data" / "unpaired").glob("*"))
    pictures = [p for p in photos if p.suffix.lower() in (".png", ".jpg", ".bmp")]
    assert len(pictures) > 5
    for path in pictures:
        low = read_image(path)
        if network.name == "teacher":
            low = low[::2, ::2]  # to save time
        bright = network.enhance(low)
        clipped = np.mean((bright == 0).all(-1)), np.mean((bright == 255).all(-1))
        assert max(clipped) < 0.3 + np.mean((low == 255).all(-1)), path.name
        if low.mean() < 100:
            assert bright.mean() > low.mean(), path.name
        else:  # bright already: near what it was
            lit = low.mean(-1) >= 100
            assert abs(bright[lit].mean() / low[lit].mean() - 1) < 0.25, path.name
            if name != "student-photos":  # which is to lift what is in the shade
                assert abs(bright.mean() / low.mean() - 1) < 0.25, path.name


def test_importing_the_package_alone_is_light():
    code = (
        "import sys, lled_jax; assert 'jax' not in sys.modules; lled_jax.load; "
        "assert 'tensorflow' not in sys.modules; "
        "assert 'orbax.checkpoint' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert pretrained.load is lled_jax.load
    with pytest.raises(AttributeError, match="has no attribute 'unload'"):
        lled_jax.unload  # noqa: B018
