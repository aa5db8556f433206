"""What happens to a batch inside the step: bounds, pairs, addresses."""

import inspect
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import AxisType

from lled_jax.errors import InputError
from lled_jax.images import to_float
from lled_jax.training import augmentation, sharding

KEY = jax.random.key(3)


def test_exposure_scales_each_dark_image_by_one_gain_within_bounds():
    low = np.full((64, 2, 3, 3), 100, np.uint8)
    batch = {"low": jnp.asarray(low), "high": jnp.asarray(low)}
    exposed = augmentation.expose(batch, KEY, 0.6)
    assert exposed["high"] is batch["high"]
    gains = np.asarray(exposed["low"]) / np.float32(100 / 255)
    assert (np.ptp(gains.reshape(64, -1), axis=1) < 1e-6).all()
    assert gains.min() >= 1 / 1.6 - 1e-6
    assert gains.max() <= 1.6 + 1e-6
    # As often darker as brighter, and up to the bounds.
    assert abs(np.log(gains).mean()) < 0.1
    assert gains.min() < 0.7 < 1.45 < gains.max()
    white = {"low": jnp.ones((8, 1, 1, 3)), "high": batch["high"]}
    assert augmentation.expose(white, KEY, 9.0)["low"].max() == 1


def test_noise_has_its_own_strength_for_each_image():
    grey = jnp.full((32, 40, 40, 3), 0.5)
    batch = {"low": grey, "high": grey}
    noisy = augmentation.add_noise(batch, KEY, 0.1)
    assert noisy["high"] is grey
    added = np.asarray(noisy["low"] - grey)
    deviations = added.reshape(32, -1).std(1)
    assert deviations.max() < 0.105
    assert deviations.min() < 0.02 < 0.08 < deviations.max()
    assert abs(added.mean()) < 1e-3
    alike = np.corrcoef(added.reshape(-1, 3).T) - np.eye(3)
    assert np.abs(alike).max() < 0.05  # each channel has its own


def test_turning_keeps_pairs_and_makes_the_other_four_orientations():
    low = jnp.asarray(np.random.default_rng(0).integers(0, 255, (64, 6, 6, 3), "u1"))
    turned = augmentation.turn({"low": low, "high": low}, KEY)
    np.testing.assert_array_equal(turned["low"], turned["high"])
    other = np.asarray(low).swapaxes(1, 2)
    as_it_was = (np.asarray(turned["low"]) == low).all((1, 2, 3))
    as_turned = (np.asarray(turned["low"]) == other).all((1, 2, 3))
    assert (as_it_was ^ as_turned).all()
    assert 20 < as_turned.sum() < 44
    wide = {"low": low[:, :3], "high": low[:, :3]}
    assert augmentation.turn(wide, KEY) is wide


def test_mixing_takes_the_same_shares_of_both_images():
    low = jnp.asarray(np.eye(8, dtype=np.float32).reshape(8, 1, 8, 1).repeat(3, -1))
    mixed = augmentation.mix_up({"low": low, "high": 0.5 * low}, KEY, 0.4)
    np.testing.assert_allclose(mixed["high"], 0.5 * mixed["low"], atol=1e-6)
    shares = np.asarray(mixed["low"])[:, 0, :, 0]
    np.testing.assert_allclose(shares.sum(1), 1, atol=1e-6)
    own = np.diag(shares)
    np.testing.assert_allclose(
        shares[np.arange(8), np.arange(8) - 1], 1 - own, atol=1e-6
    )
    assert own.std() > 0.05


def test_a_share_of_the_pairs_shows_the_target():
    low, high = jnp.zeros((400, 2, 3, 3)), jnp.ones((400, 2, 3, 3))
    seen = augmentation.show_bright({"low": low, "high": high}, KEY, 0.25)
    assert seen["high"] is high
    means = np.asarray(seen["low"]).mean((1, 2, 3))
    assert set(means) == {0, 1}
    assert 0.17 < means.mean() < 0.33


def test_zoom_shows_parts_of_the_crop_at_several_scales_the_same_in_both_images():
    # A ramp says of each pixel where it was and over how much it is a mean.
    rows, columns = jnp.meshgrid(jnp.arange(12.0), jnp.arange(12.0), indexing="ij")
    ramp = jnp.stack([rows, columns, rows], axis=-1) / 12
    low = jnp.broadcast_to(ramp, (512, 12, 12, 3))
    seen = augmentation.zoom({"low": low, "high": 1 - low}, KEY, 3)
    assert seen["low"].shape == (512, 4, 4, 3)
    np.testing.assert_allclose(seen["high"], 1 - seen["low"], atol=1e-6)
    places = np.asarray(12 * seen["low"])
    scales = (places[:, 1, 0, 0] - places[:, 0, 0, 0]).round(4)
    assert set(scales) == {1, 2, 3}
    for k, far in ((1, 8), (2, 4), (3, 0)):
        first = (places[scales == k, 0, 0, :2] - (k - 1) / 2).round(4)
        assert first.min() == 0
        assert first.max() == far  # up to the other edge
        assert (first % 1 == 0).all()
    wide = {"low": low[:, :4], "high": low[:, :4]}
    assert augmentation.zoom(wide, KEY, 3) is wide
    with pytest.raises(InputError, match=r"12 is not a multiple of data\.zoom 5"):
        augmentation.zoom({"low": low, "high": low}, KEY, 5)


def test_a_share_of_the_dark_images_is_as_jpeg_and_each_of_its_quality():
    rng = np.random.default_rng(0)
    one = rng.integers(0, 60, (16, 16, 3), "u1")
    batch = {name: jnp.asarray(np.stack([one] * 400)) for name in ("low", "high")}
    seen = augmentation.show_jpeg(batch, KEY, 0.25)
    assert seen["high"] is batch["high"]
    levels = np.asarray(seen["low"]) * 255
    np.testing.assert_allclose(levels, np.round(levels), atol=1e-3)
    error = np.abs(levels - one).mean((1, 2, 3))
    assert 0.17 < (error > 0.01).mean() < 0.33
    assert len(np.unique(error[error > 0.01].round(2))) > 10


EVERY = {
    "zoom": 2,
    "darkened": 0.5,
    "darkened_below": 0.6,
    "darkened_further": 1.0,
    "darkened_unevenly": 0.5,
    "darkened_mosaic": 0.5,
    "jpeg": 0.5,
    "bright": 0.5,
    "turn": True,
    "exposure": 0.3,
    "noise": 0.02,
    "bright_as_is": True,
    "mixup": 1.0,
}


def test_every_augmentation_is_tested_with_every_other():
    assert {*EVERY} == {*augmentation.Augmentation._fields}


@pytest.mark.parametrize("names", [*itertools.combinations(EVERY, 2)], ids="-".join)
def test_any_two_make_the_same_of_8_bit_and_of_floats(names):
    # Whichever comes first, the next may be handed images of two types.
    rng = np.random.default_rng(0)
    encoded = {
        name: jnp.asarray(rng.integers(0, most, (16, 8, 8, 3), "u1"))
        for name, most in (("low", 40), ("high", 255))
    }
    floats = {name: to_float(images) for name, images in encoded.items()}
    changes = augmentation.Augmentation(**{name: EVERY[name] for name in names})
    step = jnp.asarray(1)
    of_encoded, of_floats = (changes(batch, 0, step) for batch in (encoded, floats))
    for name, images in of_floats.items():
        np.testing.assert_allclose(to_float(of_encoded[name]), images, atol=1e-5)
        assert 0 <= images.min() <= images.max() <= 1


@pytest.mark.parametrize("name", augmentation.SHARES)
def test_shares_above_one_are_refused(name):
    one = augmentation.Augmentation(**{name: 1.0})
    assert one.checked() == one
    with pytest.raises(InputError, match=rf"data\.{name} is 33; a share is 1 at most"):
        augmentation.Augmentation(**{name: 33}).checked()


def test_whole_images_are_never_zoomed_though_they_be_square():
    changes = augmentation.Augmentation(zoom=3, turn=True)
    assert changes.checked(12) == changes
    assert changes.checked(0) == augmentation.Augmentation(turn=True)
    batch = {name: jnp.zeros((1, 256, 256, 3)) for name in ("low", "high")}
    seen = changes.checked(0)(batch, 0, jnp.int32(0))
    assert seen["low"].shape == batch["low"].shape


def test_negative_augmentation_is_refused():
    with pytest.raises(InputError, match=r"data\.noise is -1; it must be 0 or more"):
        augmentation.Augmentation(noise=-1).checked()
    with pytest.raises(InputError, match=r"data\.zoom is 0; it must be 1 or more"):
        augmentation.Augmentation(zoom=0).checked()
    with pytest.raises(InputError, match=r"crop 12 is not a multiple of data\.zoom 5"):
        augmentation.Augmentation(zoom=5).checked(12)


def test_darkening_is_told_what_was_asked_for(monkeypatch):
    told = {}

    def listen(batch, *arguments):
        told.update(signature.bind(batch, *arguments).arguments)
        return batch

    signature = inspect.signature(augmentation.show_darkened)
    monkeypatch.setattr(augmentation, "show_darkened", listen)
    values = {"darkened": 0.1, "below": 0.2, "further": 0.3}
    values |= {"unevenly": 0.4, "mosaic": 0.5}
    names = {n: n if n == "darkened" else f"darkened_{n}" for n in values}
    changes = augmentation.Augmentation(**{names[n]: v for n, v in values.items()})
    changes({}, 0, jnp.int32(0))
    values["share"] = values.pop("darkened")
    assert {name: told[name] for name in values} == values


def test_what_is_shown_bright_is_nothing_but_its_target():
    high = jax.random.uniform(KEY, (8, 16, 16, 3))
    changes = augmentation.Augmentation(darkened=1.0, jpeg=1.0, bright=1.0)
    seen = changes({"low": high / 9, "high": high}, 0, jnp.int32(0))
    np.testing.assert_array_equal(seen["low"], high)


def test_what_is_shown_bright_is_spared_if_asked_for():
    high = jax.random.uniform(KEY, (8, 16, 16, 3))
    asked = EVERY | {"bright": 1.0, "mixup": 0.0}

    def seen(as_is):
        changes = augmentation.Augmentation(**asked | {"bright_as_is": as_is})
        return changes({"low": high / 9, "high": high}, 0, jnp.int32(0))

    spared, exposed = seen(True), seen(False)
    np.testing.assert_array_equal(spared["low"], spared["high"])
    np.testing.assert_array_equal(spared["high"], exposed["high"])
    gains = exposed["low"].mean((1, 2, 3)) / exposed["high"].mean((1, 2, 3))
    assert (abs(gains - 1) > 0.02).sum() >= 6


ALONE = ("zoom", "darkened", "jpeg", "bright", "turn", "exposure", "noise", "mixup")


@pytest.mark.parametrize("name", ALONE)
def test_each_is_drawn_anew_for_every_seed_and_step(name):
    rng = np.random.default_rng(0)
    batch = {
        name: jnp.asarray(rng.integers(0, most, (16, 8, 8, 3), "u1"))
        for name, most in (("low", 40), ("high", 90))
    }
    changes = augmentation.Augmentation(**{name: EVERY[name]})

    def low(seed, step):
        return np.asarray(changes(batch, seed, jnp.int32(step))["low"])

    first = low(3, 5)
    np.testing.assert_array_equal(low(3, 5), first)
    for other in (low(4, 5), low(3, 6)):
        assert (other != first).any()


def test_augmentation_is_addressed_by_seed_and_step_on_any_number_of_devices():
    four, one = (
        jax.make_mesh((n,), ("data",), (AxisType.Auto,), devices=jax.devices()[:n])
        for n in (4, 1)
    )
    images = np.random.default_rng(0).integers(0, 255, (8, 4, 4, 3), "u1")
    pairs = {"low": images, "high": images}
    everything = augmentation.Augmentation(
        zoom=2,
        darkened=0.5,
        darkened_below=0.6,
        darkened_further=1.0,
        darkened_unevenly=0.5,
        darkened_mosaic=0.5,
        jpeg=0.5,
        bright=0.5,
        turn=True,
        exposure=1.0,
        noise=0.1,
        mixup=0.5,
    )

    def low_on(mesh):
        split = sharding.batch_sharding(mesh)
        augment = jax.jit(
            lambda batch, step: everything(batch, 3, step),
            in_shardings=(split, sharding.replicated(mesh)),
        )
        batch = sharding.put_batch(pairs, split)
        return lambda step: np.asarray(augment(batch, jnp.int32(step))["low"])

    on_four, on_one = low_on(four), low_on(one)
    np.testing.assert_allclose(on_four(5), on_one(5), atol=1e-6)
    assert (on_one(5) != on_one(6)).mean() > 0.9
    nothing = augmentation.Augmentation()
    batch = {"low": jnp.asarray(images)}
    assert nothing(batch, 3, jnp.int32(5)) is batch
