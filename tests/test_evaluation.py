"""Evaluation and what is made of it: table, result files, contact sheet."""

import numpy as np
import pytest
from pairs_for_tests import Source, add_noise

from lled_jax.errors import InputError
from lled_jax.evaluation import evaluate, pictures_in, score_pictures
from lled_jax.files import write_png
from lled_jax.metrics import COLUMNS

FAST = ("psnr", "ssim")


def test_every_image_counts_once_and_the_mean_is_the_average():
    seen = []
    source = Source()
    result = evaluate(
        source, add_noise, columns=FAST, on_image=lambda *args: seen.append(args)
    )
    assert result.names == source.names == tuple(name for name, *_ in seen)
    assert list(result.scores) == list(FAST)
    for column in FAST:
        assert result.scores[column].shape == (3,)
        assert len(set(result.scores[column])) == 3
        assert result.means[column] == pytest.approx(np.mean(result.scores[column]))
    for (_, low, enhanced, high), expected in zip(seen, source.lows, strict=True):
        assert enhanced.dtype == np.uint8
        np.testing.assert_array_equal(low, expected)
        np.testing.assert_array_equal(high, 2 * expected)


def test_psnr_is_that_of_the_rounded_picture():
    source = Source(1)
    noisy = add_noise(source.lows[0])
    result = evaluate(source, lambda low: noisy, columns=["psnr"])
    rounded = np.round(np.clip(noisy, 0, 1) * 255)
    error = np.mean((rounded - 2.0 * source.lows[0]) ** 2)
    expected = 10 * np.log10(255**2 / error)
    assert result.scores["psnr"][0] == pytest.approx(expected, abs=1e-4)


def test_predictions_are_rounded_and_clipped_before_scoring():
    source = Source(1)
    exact = 2 * source.lows[0]
    near = exact / 255 + 0.3 / 255
    assert evaluate(source, lambda low: near, columns=FAST).means["ssim"] == 1
    assert evaluate(source, lambda low: near, columns=FAST).means["psnr"] == 100
    off = exact / 255 + 0.7 / 255
    assert evaluate(source, lambda low: off, columns=["psnr"]).means[
        "psnr"
    ] == pytest.approx(48.13, abs=0.01)
    as_16_bit = exact.astype(np.uint16) * 257 + 60
    assert evaluate(source, lambda low: as_16_bit, columns=FAST).means["psnr"] == 100


def test_16_bit_targets_are_compared_in_full():
    class Deep(Source):
        def __getitem__(self, index):
            low, high = super().__getitem__(index)
            return low, high.astype(np.uint16) * 257 + 100

    result = evaluate(Deep(1), lambda low: 2 * low, columns=["psnr"])
    assert result.means["psnr"] == pytest.approx(20 * np.log10(65535 / 100), abs=0.01)


def test_all_columns_of_a_perfect_prediction():
    result = evaluate(Source(1), lambda low: 2 * low)
    assert list(result.scores) == list(COLUMNS)
    for column, mean in result.means.items():
        best = 100 if "psnr" in column else 0 if "lpips" in column else 1
        assert mean == pytest.approx(best, abs=1e-6), column
    darker = evaluate(Source(1), lambda low: low)
    assert darker.means["psnr_gt_mean"] > darker.means["psnr"] + 20


@pytest.mark.parametrize(
    ("prediction", "message"),
    [
        (lambda low: low[:, 1:], "img0: the prediction is 47x40 pixels.*48x40"),
        (lambda low: low.swapaxes(0, 1), "img0: the prediction is 40x48 pixels.*48x40"),
        (lambda low: low[..., 0], r"img0: .* shape \[40, 48\]"),
        (lambda low: np.full(low.shape, np.nan), "img0: .*not finite"),
    ],
)
def test_bad_predictions_are_named(prediction, message):
    with pytest.raises(InputError, match=message):
        evaluate(Source(1), prediction, columns=FAST)


def test_bad_sources_and_columns_are_named():
    source = Source(2)
    source.names = ("a", "a")
    with pytest.raises(InputError, match="two image pairs are called 'a'"):
        evaluate(source, lambda low: low)
    with pytest.raises(InputError, match="no image pairs"):
        evaluate(Source(0), lambda low: low)
    with pytest.raises(InputError, match="unknown metric 'fid'"):
        evaluate(Source(1), lambda low: low, columns=["fid"])
    with pytest.raises(InputError, match="img0: SSIM needs images of at least 11x11"):
        evaluate(Source(1, (9, 40, 3)), lambda low: low, columns=["ssim"])


def test_pictures_score_as_the_method_that_made_them(tmp_path):
    source = Source()
    expected = evaluate(
        source,
        add_noise,
        columns=FAST,
        on_image=lambda name, low, enhanced, high: write_png(
            tmp_path / f"{name}.png", enhanced
        ),
    )
    (tmp_path / "img0.txt").write_text("not a picture")
    pictures = pictures_in(tmp_path, source.names)
    result = score_pictures(source, pictures, columns=FAST)
    assert result.names == expected.names
    for column in FAST:
        np.testing.assert_array_equal(result.scores[column], expected.scores[column])


def test_missing_double_and_misfitting_pictures_are_named(tmp_path):
    source = Source(2)
    write_png(tmp_path / "img0.png", source.lows[0])
    with pytest.raises(InputError, match=r"no picture for 'img1' in .*img1\.png"):
        pictures_in(tmp_path, source.names)
    write_png(tmp_path / "img1.png", source.lows[1][:20])
    with pytest.raises(InputError, match="img1: the prediction is 48x20"):
        score_pictures(source, pictures_in(tmp_path, source.names), columns=FAST)
    write_png(tmp_path / "img1.jpg", source.lows[1])
    with pytest.raises(InputError, match=r"two pictures .*img1\.jpg or img1\.png"):
        pictures_in(tmp_path, source.names)
    with pytest.raises(InputError, match="no such folder"):
        pictures_in(tmp_path / "nowhere", source.names)
