"""Exporting: what is refused, what is checked, and the command."""

import json
import math
import sys
from dataclasses import replace
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from exports_for_tests import contract
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from lled_jax.cli.main import app
from lled_jax.data import synthetic
from lled_jax.data.pairs import ArrayPairs
from lled_jax.errors import InputError
from lled_jax.export import exporting, parity, stablehlo
from lled_jax.export.exporting import Request, export
from lled_jax.export.noise import silent
from lled_jax.inference import enhance
from lled_jax.locate import load_weights
from lled_jax.models import variants

MODEL, PARAMS = "student", variants.init(variants.build("student"), 0)


def network(contract):
    """What a right file does."""

    def run(low):
        if contract.layout == "nchw":
            low = low.transpose(0, 2, 3, 1)
        floats = jnp.asarray(low, jnp.float32)
        if contract.pixels == "uint8":
            floats = floats / 255
        margins = [(0, n % 2 if contract.only_even else 0) for n in low.shape[1:3]]
        with jax.default_matmul_precision("highest"):
            bright = enhance(variants.build(contract.model), PARAMS, floats)
        bright = np.pad(bright, [(0, 0), *margins, (0, 0)], constant_values=9)
        if contract.pixels == "uint8":
            bright = np.rint(bright * 255).astype(np.uint8)
        return bright.transpose(0, 3, 1, 2) if contract.layout == "nchw" else bright

    return run


def pairs():
    rng = np.random.default_rng(0)
    return [
        tuple(rng.integers(0, top, (51, 64, 3), np.uint8) for top in (60, 256))
        for _ in range(2)
    ]


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"layout": "nchw", "format": "onnx"},
        {"pixels": "uint8"},
        {"format": "tflite"},
        {"size": (40, 71)},
    ],
    ids=str,
)
def test_a_right_file_is_found_right(changed):
    wanted = contract(**changed)
    found = parity.measure(wanted, network(wanted), PARAMS, pairs())
    parity.refuse(wanted, found)
    # A fused program rounds elsewhere than one that is run step by step.
    assert found.largest <= (1.01 / 255 if wanted.pixels == "uint8" else 1e-6)
    assert found.changed <= 1e-4
    assert abs(found.loss) < 1e-3
    if wanted.size:
        assert set(found.sizes) == {wanted.size}
    else:
        assert {(51, 64), *parity.SMALL} == set(found.sizes)


@pytest.mark.parametrize("wrong_at", [(51, 64), (33, 47), (1, 1)])
@pytest.mark.parametrize(
    ("pixels", "error"), [("float32", 2e-5), ("float32", math.nan), ("uint8", 2)]
)
def test_a_wrong_pixel_at_any_size_is_refused(wrong_at, pixels, error):
    wanted = contract(pixels=pixels)
    right = network(wanted)

    def run(low):
        bright = np.array(right(low))
        if low.shape[1:3] == wrong_at:
            value = bright[0, -1, -1, 0]
            bright[0, -1, -1, 0] = value - error if value > 0.5 else value + error
        return bright

    found = parity.measure(wanted, run, PARAMS, pairs())
    with pytest.raises(InputError, match="stablehlo file differs from the network by"):
        parity.refuse(wanted, found)


def test_levels_wrong_here_and_there_are_refused():
    """One level may be rounding, but not in one value of a hundred."""
    wanted = contract(pixels="uint8")
    right = network(wanted)

    def run(low):
        bright = np.array(right(low))
        bright.ravel()[::100] ^= 1
        return bright

    with pytest.raises(InputError, match="differs from the network"):
        parity.refuse(wanted, parity.measure(wanted, run, PARAMS, pairs()))


@pytest.mark.parametrize(("precision", "most"), parity.MOST_LOSS.items())
def test_shorter_numbers_are_judged_by_what_they_lose(precision, most):
    found = parity.Agreement(0.1, 0.5, 30.0, most, parity.LEAST_WHITE, ((1, 1),))
    parity.refuse(contract(precision=precision), found)
    for white in (parity.LEAST_WHITE - 0.1, math.nan):
        with pytest.raises(InputError, match=f"in {precision} where half of a picture"):
            parity.refuse(contract(precision=precision), found._replace(white=white))
    for loss in (most * 1.01, math.nan):
        with pytest.raises(InputError, match=f"dB in {precision}, more than {most}"):
            parity.refuse(contract(precision=precision), found._replace(loss=loss))


@pytest.mark.parametrize("pixels", ["float32", "uint8"])
def test_what_a_file_draws_into_white_is_seen(pixels):
    """As int8 does whose ranges end where dark images do: there alone."""
    wanted = contract(precision="f16", pixels=pixels)
    right, most = network(wanted), 255 if pixels == "uint8" else 1
    dark = [(low, low) for low, _ in pairs()]
    found = parity.measure(wanted, right, PARAMS, dark)
    parity.refuse(wanted, found)

    def run(low):
        return np.where(low == most, 0, right(low))

    wrong = parity.measure(wanted, run, PARAMS, dark)
    assert wrong._replace(white=found.white) == found
    with pytest.raises(InputError, match="less than 28: take another --precision"):
        parity.refuse(wanted, wrong)


def test_what_is_measured_is_in_decibels_and_a_loss_is_positive():
    wanted = contract(precision="f16", size=(51, 64))
    right = network(wanted)
    dark = [low for low, _ in pairs()]
    bright = [np.rint(255 * right(low[None] / np.float32(255)))[0] for low in dark]
    targets = [(low, b.astype(np.uint8)) for low, b in zip(dark, bright, strict=True)]
    found = parity.measure(wanted, lambda low: right(low) + 0.01, PARAMS, targets)
    assert found.psnr == pytest.approx(40, abs=0.01)
    assert found.white == pytest.approx(40, abs=0.01)
    assert found.loss > 5


def test_bright_pictures_are_among_those_that_calibrate(tmp_path, monkeypatch):
    """As many as dark ones are would leave these a handful of levels."""
    source = synthetic.demo("train")
    targets = {source[i][1].tobytes() for i in range(len(source))}
    seen = []

    class Format:
        PRECISIONS = ("int8",)

        @staticmethod
        def write(contract, params, calibration, path):
            seen.extend(image.tobytes() in targets for image in calibration)
            raise InputError("enough")

    monkeypatch.setattr(exporting, "module_of", lambda name: Format)
    with pytest.raises(InputError, match="enough"):
        export(Request("onnx", tmp_path / "out", precision="int8"))
    assert (len(seen), sum(seen)) == (20, 4)


@given(st.integers(1, 30), st.integers(1, 30), st.integers(1, 70), st.integers(1, 70))
def test_a_picture_is_fitted_to_any_size(height, width, wanted_h, wanted_w):
    rng = np.random.default_rng(height)
    image = rng.integers(0, 256, (height, width, 3), np.uint8)
    repeated = contract(size=(wanted_h, wanted_w)).fitted(image)
    assert repeated.shape == (wanted_h, wanted_w, 3)
    h, w = min(height, wanted_h), min(width, wanted_w)
    assert (repeated[:h, :w] == image[:h, :w]).all()
    mirrored = np.concatenate([image, image[::-1]])[:wanted_h, :w]
    assert (repeated[: len(mirrored), :w] == mirrored).all()


@pytest.mark.parametrize(
    ("changed", "low", "more"),
    [
        ({}, "float32 [batch, height, width, 3], sRGB, RGB, [0, 1]", False),
        ({"size": (4, 6)}, "float32 [batch, 4, 6, 3], sRGB, RGB, [0, 1]", False),
        (
            {"format": "onnx", "layout": "nchw"},
            "float32 [batch, 3, height, width], sRGB, RGB, [0, 1]",
            False,
        ),
        (
            {"format": "onnx", "pixels": "uint8", "size": (4, 6)},
            "uint8 [1, 4, 6, 3], sRGB, RGB, 0 to 255",
            False,
        ),
        (
            {"format": "tflite"},
            "float32 [1, height, width, 3], sRGB, RGB, [0, 1]",
            True,
        ),
        (
            {"format": "tflite", "size": (4, 6)},
            "float32 [1, 4, 6, 3], sRGB, RGB, [0, 1]",
            False,
        ),
    ],
    ids=str,
)
def test_a_file_says_what_it_takes(changed, low, more):
    facts = contract(**changed).metadata()
    assert facts["low"] == low
    assert facts["enhanced"].startswith(low.replace(" sRGB, RGB,", ""))
    assert ("of an odd size one line more" in facts["enhanced"]) == more


@pytest.mark.parametrize(
    ("wish", "layout"),
    [
        ({"format": "onnx"}, "nchw"),
        ({"format": "onnx", "layout": "nhwc"}, "nhwc"),
        ({"format": "onnx", "pixels": "uint8"}, "nhwc"),
        ({"format": "tflite"}, "nhwc"),
    ],
    ids=str,
)
def test_the_layout_is_as_wished_or_the_formats_usual_one(wish, layout):
    request = Request(output=Path("out"), weights=Path("student"), **wish)
    assert exporting.contract_for(request, "student", PARAMS).layout == layout


def test_the_licence_is_the_owners(tmp_path):
    request = Request("onnx", tmp_path / "out", tmp_path / "own.safetensors")
    for wished, licence in (("", "as the owner of"), ("CC0", "CC0")):
        wish = replace(request, licence=wished)
        made = exporting.contract_for(wish, "student", PARAMS)
        assert made.licence.startswith(licence)


def test_a_file_is_checked_on_pairs_from_all_over_the_test_part(tmp_path, monkeypatch):
    """The first ones may all show one scene."""

    class Format:
        PRECISIONS = ("f32",)

        @staticmethod
        def write(contract, params, calibration, path):
            path.touch()

        @staticmethod
        def runner(path):
            return None

    def measure(contract, run, params, pairs):
        checked.extend(low[0, 0, 0] for low, _ in pairs)
        raise InputError("enough")

    def opened(data, split):
        levels = range(10) if split == "test" else range(100, 110)
        images = [np.full((4, 5, 3), level, np.uint8) for level in levels]
        return ArrayPairs(tuple(map(str, levels)), images, images)

    checked = []
    monkeypatch.setattr(exporting, "module_of", lambda name: Format)
    monkeypatch.setattr(exporting, "open_source", opened)
    monkeypatch.setattr(parity, "measure", measure)
    with pytest.raises(InputError, match="enough"):
        export(Request("onnx", tmp_path / "out"))
    assert checked == [0, 3, 6, 9]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"format": "coreml"}, "unknown format 'coreml'; known: onnx, tflite"),
        ({"precision": "f8"}, "unknown precision 'f8'; known: f32, f16"),
        ({"pixels": "int32"}, "unknown pixels 'int32'"),
        ({"layout": "hwc"}, "unknown layout 'hwc'"),
        ({"layout": "nchw"}, "only ONNX files of float32 pixels"),
        (
            {"layout": "nchw", "format": "onnx", "pixels": "uint8"},
            "only ONNX files of float32 pixels",
        ),
        ({"precision": "int8"}, "stablehlo files are in f32, bf16, f16, not in int8"),
        ({"size": (0, 4)}, "has no pixels"),
        ({"data": "nowhere"}, "nowhere"),
        ({"weights": Path("nowhere")}, "no checkpoint at nowhere"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_wish_that_cannot_be(tmp_path, changed, message):
    request = Request(**{"format": "stablehlo", "output": tmp_path / "out"} | changed)
    with pytest.raises(InputError, match=message) as caught:
        export(request)
    assert "\n" not in str(caught.value)
    assert not any(tmp_path.iterdir())


def test_a_file_that_is_wrong_is_not_kept(tmp_path, monkeypatch):
    right = stablehlo.runner

    def runner(*args):
        run = right(*args)
        return lambda low: run(low) * np.float32(0.999)

    monkeypatch.setattr(stablehlo, "runner", runner)
    with pytest.raises(InputError, match="differs from the network"):
        export(Request("stablehlo", tmp_path / "out"))
    assert not any(tmp_path.iterdir())


def test_a_missing_package_is_named(tmp_path, monkeypatch):
    def missing(name):
        raise ModuleNotFoundError(
            "No module named 'ai_edge_litert'", name="ai_edge_litert"
        )

    monkeypatch.setattr(exporting.importlib, "import_module", missing)
    with pytest.raises(
        InputError, match=r"ai_edge_litert: pip install 'lled-jax\[export"
    ):
        export(Request("tflite", tmp_path / "out"))


def test_a_folder_with_something_in_it_stays(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("mine")
    with pytest.raises(InputError, match="is there already"):
        export(Request("stablehlo", tmp_path / "out"))
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["mine"]
    assert len(list(tmp_path.iterdir())) == 1


def test_the_command(tmp_path):
    out = tmp_path / "student"
    arguments = ["export", "-f", "stablehlo", "-o", str(out), "--size", "40x71"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    facts = json.loads((out / stablehlo.FACTS).read_text())
    shown = " ".join(result.output.split())
    for text in (facts["low"], facts["enhanced"], "at 40x71 against JAX in float32"):
        assert text in shown
    assert facts["low"] == "float32 [batch, 40, 71, 3], sRGB, RGB, [0, 1]"
    assert facts["size"] == "[40, 71]"
    assert len(facts["weights_sha256"]) == 64
    assert "LOL" in facts["licence"]
    assert "38 photos" in facts["licence"]  # the default is `student-photos`
    size = sum(path.stat().st_size for path in out.iterdir())
    assert f"f32, {size:,} bytes" in shown


@pytest.mark.parametrize(
    "arguments",
    [["--size", "40"], ["--size", "40x71", "--dynamic"], ["--size", "0x7"]],
    ids=str,
)
def test_the_command_line_is_wrong(tmp_path, arguments):
    start = ["export", "-f", "stablehlo", "-o", str(tmp_path / "out")]
    result = CliRunner().invoke(app, [*start, *arguments])
    assert result.exit_code == 2
    assert not any(tmp_path.iterdir())


def test_the_hash_is_of_the_file_or_of_the_parameters(tmp_path):
    from lled_jax import weights_file
    from lled_jax.shipped import SHIPPED

    name, params = load_weights(Path("student"))
    assert exporting._sha256(Path("student"), params) == SHIPPED[name].sha256
    own = tmp_path / "own.safetensors"
    weights_file.write(own, name, params, {})
    assert exporting._sha256(own, params) != SHIPPED[name].sha256
    # A run's folder: a function of the parameters, whatever lies beside them.
    one = exporting._sha256(tmp_path, params)
    assert one == exporting._sha256(tmp_path, params)
    assert one != exporting._sha256(tmp_path, PARAMS)


def test_16_bit_pairs_are_checked_on_as_8_bit():
    eight = synthetic.demo("test")
    wide = ArrayPairs(
        eight.names,
        *(
            [i.astype(np.uint16) * np.uint16(257) for i in images]
            for images in (eight.low, eight.high)
        ),
    )
    for ours, right in zip(
        exporting._first(wide, 2), exporting._first(eight, 2), strict=True
    ):
        for image, other in zip(ours, right, strict=True):
            assert image.dtype == np.uint8
            assert (image == other).all()


def test_large_photos_calibrate_thinned():
    assert exporting._thinned(np.zeros((400, 600, 3), np.uint8)).shape == (400, 600, 3)
    height, width, _ = exporting._thinned(np.zeros((3000, 4000, 3), np.uint8)).shape
    assert 200_000 < height * width < 300_000
    assert height / width == pytest.approx(0.75, rel=0.01)


def test_standard_error_may_be_closed(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    with silent():
        pass
