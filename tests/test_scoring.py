"""Methods scored on pairs and photos: timing, self-ensemble, NIQE, result folders."""

import json
from types import SimpleNamespace

import jax
import numpy as np
import pytest
from pairs_for_tests import Source, add_noise, read
from PIL import Image

from lled_jax import inference, timing, weights_file
from lled_jax.comparison import pictures
from lled_jax.comparison.read import read_runs
from lled_jax.ensemble import ensembled
from lled_jax.errors import InputError
from lled_jax.evaluation import evaluate
from lled_jax.extra_columns import Extras, joined, named_niqe, with_ensemble
from lled_jax.files import write_png
from lled_jax.locate import open_source, results_folder
from lled_jax.methods import Method, of_baseline, of_checkpoint
from lled_jax.models import variants
from lled_jax.photo_scoring import score_photos
from lled_jax.positions import POSITIONS
from lled_jax.scoring import score_method, score_predictions
from lled_jax.timing import Timed

FAST = ("psnr", "ssim")
HEADLINE_X8 = {"psnr_x8", "ssim_x8", "lpips_x8"}


@pytest.fixture
def clock(monkeypatch):
    """Time that passes only when told to."""
    now = SimpleNamespace(seconds=0.0)
    monkeypatch.setattr(
        timing, "time", SimpleNamespace(perf_counter=lambda: now.seconds)
    )
    return now


def test_times_are_of_the_usual_size_and_leave_out_its_first(clock):
    spent = iter([9.0, 0.1, 5.0, 0.3, 0.2, 7.0])

    def enhance(image):
        clock.seconds += next(spent)
        return image

    timed = Timed(enhance)
    usual, other = np.zeros((4, 6, 3), np.uint8), np.zeros((5, 5, 3), np.uint8)
    for image in (usual, usual, other, usual, usual, other):
        assert timed(image) is image
    assert timed.times() == {"median": 200, "min": 100, "max": 300, "size": "6x4"}


def test_one_image_is_enhanced_again_to_be_timed(clock):
    spent = iter([9.0, 0.5])

    def enhance(image):
        clock.seconds += next(spent)
        return image

    timed = Timed(enhance)
    timed(np.zeros((4, 6, 3), np.uint8))
    assert timed.times()["max"] == 500


def test_ensemble_is_the_mean_of_eight_different_positions():
    image = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
    seen = []

    def enhance(low):
        seen.append(low)
        return low / 255 if len(seen) % 2 else low.astype(np.uint16) * np.uint16(257)

    # A method that treats all positions alike is left as it is.
    np.testing.assert_allclose(ensembled(enhance)(image), image / 255, atol=1e-12)
    assert len(seen) == len(POSITIONS) == len({low.tobytes() for low in seen}) == 8
    assert sorted(low.shape for low in seen) == [(4, 6, 3)] * 4 + [(6, 4, 3)] * 4


def test_ensemble_puts_each_answer_back_in_place():
    """What a method adds to one corner ends in the corners, an eighth of it each."""
    image = np.zeros((5, 8, 3), np.float64)

    def enhance(low):
        answer = low.copy()
        answer[0, 1] = 2.0  # clipped to 1
        return answer

    result = ensembled(enhance)(image)[..., 0]
    expected = np.zeros((5, 8))
    for y, x in ((0, 1), (0, 6), (4, 1), (4, 6), (1, 0), (1, 7), (3, 0), (3, 7)):
        expected[y, x] = 1 / 8
    np.testing.assert_allclose(result, expected)


def test_ensemble_columns_are_those_of_its_pictures():
    source = Source(2, (40, 48, 3))
    plain = evaluate(source, add_noise, columns=FAST)
    result = with_ensemble(plain, source, add_noise)
    expected = evaluate(source, ensembled(add_noise), columns=("psnr", "lpips"))
    assert set(result.scores) == {*FAST, *HEADLINE_X8}
    for column in ("psnr", "lpips"):
        np.testing.assert_array_equal(
            result.scores[f"{column}_x8"], expected.scores[column]
        )
    # Independent noise averages out.
    assert result.means["psnr_x8"] > result.means["psnr"] + 6
    assert any(line.startswith("*_x8:") for line in result.protocol)


def test_joined_keeps_what_was_there():
    plain = evaluate(Source(2), add_noise, columns=FAST)
    more = joined(plain, {"niqe": [1.0, 3.0]}, "niqe: low")
    assert more.means["niqe"] == 2
    assert more.means["psnr"] == plain.means["psnr"]
    assert more.protocol == (*plain.protocol, "niqe: low")
    with pytest.raises(InputError, match="a: NIQE needs images"):
        named_niqe("a", np.zeros((20, 20, 3), np.uint8))


def textured(seed, shape=(100, 196, 3)):
    """Dark noise that is smooth enough to look like something."""
    rng = np.random.default_rng(seed)
    small = rng.integers(5, 60, (shape[0] // 2, shape[1] // 2, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(small).resize((shape[1], shape[0])))


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    root = tmp_path_factory.mktemp("pairs")
    for n in range(2):
        low = textured(n)
        write_png(root / "low" / f"{n}.png", low)
        write_png(root / "high" / f"{n}.png", low * np.uint8(3))
    return str(root)


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """A student with weights of no training."""
    path = tmp_path_factory.mktemp("weights") / "student.safetensors"
    params = variants.init(variants.build("student"), 0)
    weights_file.write(path, "student", params, {})
    return path


def test_a_baseline_leaves_the_same_folder_as_a_checkpoint(pairs, tmp_path, capsys):
    method = of_baseline("gamma")
    result = score_method(method, pairs, "test", tmp_path, Extras(niqe=True))
    table = capsys.readouterr().out
    data = json.loads((tmp_path / "scores.json").read_text())
    assert (data["method"], data["device"], data["count"]) == ("gamma", "cpu", 2)
    assert data["data"] == pairs
    assert set(data["ms_per_image"]) == {"median", "min", "max", "size"}
    assert data["ms_per_image"]["size"] == "196x100"
    picture = read(tmp_path / "enhanced" / "1.png")
    expected = np.round(255 * (textured(1) / 255) ** (1 / 2.2))
    np.testing.assert_array_equal(picture, expected)
    assert data["images"]["1"]["niqe"] == pytest.approx(named_niqe("1", picture))
    assert data["input_means"]["niqe"] > 0
    assert (tmp_path / "contact_sheet.png").is_file()
    assert f"{result.means['niqe']:.3f}" in table
    untouched = evaluate(open_source(pairs, "test"), lambda low: low, columns=FAST)
    for column in FAST:
        assert data["input_means"][column] == pytest.approx(untouched.means[column])
    shown = next(line for line in table.splitlines() if line.startswith("input"))
    assert shown.split()[1] == f"{untouched.means['psnr']:.2f}"
    assert max(map(len, table.splitlines())) <= 80

    # The pictures score the same as somebody's.
    again = tmp_path / "again"
    folder = tmp_path / "enhanced"
    score_predictions(folder, pairs, "test", again, Extras(niqe=True))
    theirs = json.loads((again / "scores.json").read_text())
    assert theirs["images"] == data["images"]
    assert theirs["method"] == "enhanced"
    # A report of either shows them.
    for run in read_runs([str(tmp_path), f"theirs={again}"]):
        np.testing.assert_array_equal(pictures.output(run, "1"), picture)


def test_a_checkpoint_with_its_ensemble(pairs, network, tmp_path, capsys):
    method = of_checkpoint(network, "jax")
    score_method(method, pairs, "test", tmp_path, Extras(ensemble=True))
    data = json.loads((tmp_path / "scores.json").read_text())
    assert data["method"] == data["model"] == "student"
    assert data["device"] == jax.devices()[0].device_kind
    assert set(data["means"]) >= HEADLINE_X8
    assert data["means"]["psnr_x8"] != data["means"]["psnr"]
    assert "x8" in capsys.readouterr().out
    # The finer answer is that before rounding.
    low = textured(0)
    assert method.finer is not None
    fine, plain = method.finer(low), method.enhance(low)
    assert fine.dtype == np.uint16
    assert np.abs(fine / 257 - plain).max() <= 0.5 + 1 / 257


def test_the_ensemble_is_of_what_is_not_rounded_yet(pairs, tmp_path):
    facts = {"method": "two"}
    method = Method(lambda low: low, lambda low: low * np.uint8(3), facts)
    result = score_method(method, pairs, "test", tmp_path, Extras(ensemble=True))
    assert result.means["psnr_x8"] > 90 > result.means["psnr"]


def test_another_backend_runs_the_network_and_has_no_finer_answer(network):
    pytest.importorskip("onnxruntime", reason="onnxruntime is optional")
    method = of_checkpoint(network, "onnxruntime")
    assert method.finer is None
    assert (method.facts["backend"], method.facts["device"]) == ("onnxruntime", "cpu")
    # The paper's student has 83.95.
    assert 70 < method.facts["gmacs_1200x900"] < 85
    with pytest.raises(InputError, match="unknown backend 'abacus'"):
        of_checkpoint(network, "abacus")


def test_results_lie_in_a_workdir_or_beside_all_else(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "a.b.safetensors").touch()
    for name, of_weights, folder in (
        ("run", True, "run/evaluation"),
        ("run", False, "run_evaluation"),  # pictures
        ("a.b.safetensors", True, "a.b_evaluation"),
        ("student", True, "student_evaluation"),  # of the package
    ):
        assert results_folder(tmp_path / name, of_weights) == tmp_path / folder


@pytest.mark.parametrize("split", ["val", "", "Test"])
def test_there_are_two_splits(pairs, split):
    with pytest.raises(InputError, match=f"no split is called '{split}': name train"):
        open_source(pairs, split)


def test_what_cannot_be_ensembled_is_said_before_work(pairs, tmp_path):
    def never(image):
        raise AssertionError("enhanced an image")

    with pytest.raises(InputError, match="leave out --backend"):
        score_method(
            Method(never, None, {}), pairs, "test", tmp_path, Extras(ensemble=True)
        )
    with pytest.raises(InputError, match="--ensemble needs a method"):
        score_predictions(tmp_path, pairs, "test", tmp_path, Extras(ensemble=True))


def test_results_of_other_images_are_not_replaced(pairs, tmp_path):
    method, out = of_baseline("identity"), tmp_path / "out"
    score_method(method, pairs, "test", out)
    before = {path: path.read_bytes() for path in out.rglob("*.*")}
    with pytest.raises(InputError, match=r"out holds results of data .*by --out"):
        score_method(method, "demo", "test", out)
    with pytest.raises(InputError, match="holds results of split test, not of train"):
        score_predictions(out / "enhanced", pairs, "train", out)
    with pytest.raises(InputError, match="holds results of photos None"):
        score_photos(method, tmp_path, out)
    assert {path: path.read_bytes() for path in out.rglob("*.*")} == before
    score_method(of_baseline("gamma"), f"{pairs}/", "test", out)  # of the same pairs
    assert json.loads((out / "scores.json").read_text())["method"] == "gamma"


def test_photos_are_scored_before_and_after(tmp_path, capsys):
    folder, out = tmp_path / "photos", tmp_path / "out"
    write_png(folder / "b.png", textured(0, (110, 200, 3)))
    Image.fromarray(textured(1)).save(folder / "a.bmp")
    (folder / "notes.txt").write_text("not a photo")
    result = score_photos(of_baseline("gamma_mean"), folder, out)
    assert result.names == ("a", "b")
    data = json.loads((out / "scores.json").read_text())
    assert (data["method"], data["count"]) == ("gamma_mean", 2)
    for name in ("a", "b"):
        picture = read(out / "enhanced" / f"{name}.png")
        assert data["images"][name]["niqe"] == pytest.approx(named_niqe("", picture))
    before = named_niqe("", textured(1))
    assert data["images"]["a"]["niqe_input"] == pytest.approx(before)
    assert (out / "contact_sheet.png").is_file()
    assert "NIQE" in capsys.readouterr().out


def test_a_folder_without_splits_says_whose_scores_these_are(tmp_path, capsys):
    for split in (".", "test"):
        for part in ("low", "high"):
            write_png(tmp_path / split / part / "a.png", textured(0, (40, 48, 3)))
    method = of_baseline("identity")
    with pytest.raises(InputError, match="a: NIQE needs images of at least"):
        score_method(method, str(tmp_path), "test", tmp_path / "x", Extras(niqe=True))
    assert not (tmp_path / "x").exists()
    note = "has no splits: these are all of its pairs"
    score_method(method, str(tmp_path), "test", tmp_path / "out")
    assert note not in " ".join(capsys.readouterr().err.split())
    score_method(method, f"{tmp_path}/", "train", tmp_path / "all")
    assert note in " ".join(capsys.readouterr().err.split())


def test_photos_that_cannot_be_scored_are_named(tmp_path):
    method = of_baseline("identity")
    with pytest.raises(InputError, match="no such folder"):
        score_photos(method, tmp_path / "nowhere", tmp_path / "out")
    with pytest.raises(InputError, match="no photos here"):
        score_photos(method, tmp_path, tmp_path / "out")
    write_png(tmp_path / "tiny.png", textured(0, (50, 50, 3)))
    with pytest.raises(InputError, match=r"tiny\.png: NIQE needs images of at least"):
        score_photos(method, tmp_path, tmp_path / "out")
    Image.fromarray(textured(0)).save(tmp_path / "tiny.bmp")
    with pytest.raises(InputError, match=r"tiny\.png: tiny\.bmp has the same stem"):
        score_photos(method, tmp_path, tmp_path / "out")


def test_a_photo_without_a_score_costs_no_other_its(tmp_path, capsys):
    folder, out = tmp_path / "photos", tmp_path / "out"
    write_png(folder / "a.png", textured(0))
    write_png(folder / "cap.png", np.zeros((100, 200, 3), np.uint8))
    result = score_photos(of_baseline("identity"), folder, out)
    assert result.names == ("a",)
    data = json.loads((out / "scores.json").read_text())
    (line,) = data["unscored"]
    assert line.startswith("cap.png: NIQE needs texture")
    assert f"no score: {line}" in " ".join(capsys.readouterr().out.split())
    assert (out / "enhanced" / "cap.png").is_file()


def test_a_network_of_a_checkpoint_enhances_photos(network, tmp_path):
    write_png(tmp_path / "photos" / "a.png", textured(0))
    score_photos(of_checkpoint(network, "jax"), tmp_path / "photos", tmp_path / "out")
    name, params, _ = weights_file.read(network)
    expected = inference.enhancer(name, params)(textured(0))
    picture = read(tmp_path / "out" / "enhanced" / "a.png")
    np.testing.assert_array_equal(picture, expected)
