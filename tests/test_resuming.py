"""What may go on as the same run, and what may not."""

from contextlib import closing
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import train
from configs import student
from lled_jax import config_schema, held_out, resuming, weights_file
from lled_jax.data.pairs import ArrayPairs
from lled_jax.errors import InputError
from lled_jax.models import variants
from lled_jax.training.state import TrainState
from lled_jax.training.writer import Writer

CONFIG = student.get_config().to_dict()


def pairs(names=("a", "b"), side=8):
    images = np.zeros((len(names), side, side, 3), np.uint8)
    return ArrayPairs(names, images, images)


def with_teacher(path, weights="keras"):
    return {**CONFIG, "teacher": path, "perceptual": {"weights": weights, "layers": ()}}


def check(old, new, of=None, teacher=None):
    facts = resuming.facts(new, of or pairs(), teacher)
    resuming.check_same_run(old, facts, Path("runs/x"))


def test_the_pairs_may_move_but_not_change():
    old = resuming.facts(CONFIG, pairs())
    moved = {**CONFIG, "data": {**CONFIG["data"], "root": "/elsewhere"}}
    check(old, moved)
    check(CONFIG, moved)  # a run older than the fingerprint
    for names, side in (("ac", 8), ("ba", 8), ("ab", 9), ("abc", 8)):
        other = pairs(tuple(names), side)
        with pytest.raises(
            InputError, match=r"runs/x .* other pairs .* /elsewhere; use"
        ):
            check(old, moved, other)


def test_a_teacher_may_move_but_not_come_or_go():
    check(with_teacher("runs/a"), with_teacher("b.safetensors", "vgg19.npz"))
    with pytest.raises(InputError, match="teacher: '' -> 'runs/a'"):
        check(with_teacher(""), with_teacher("runs/a"))
    with pytest.raises(InputError, match=r"perceptual\.weights: 'lpips' -> 'keras'"):
        check(with_teacher("", "lpips"), with_teacher(""))


def test_a_teacher_may_not_change_behind_its_name():
    config, weights = with_teacher("runs/a"), {"a": jnp.arange(3.0), "b": jnp.ones(2)}
    old = resuming.facts(config, pairs(), weights)
    check(old, with_teacher("elsewhere/a"), teacher=jax.device_get(weights))
    check(config, config, teacher=weights)  # a run older than the digest
    trained = weights | {"b": jnp.array([1.0, 1.0 + 2**-23])}
    with pytest.raises(
        InputError, match=r"runs/x .* another teacher than runs/a is no"
    ):
        check(old, config, teacher=trained)


def test_what_else_a_run_reads_may_move_but_not_come_or_go():
    def reading(init="", more="", photos=""):
        data = {**CONFIG["data"], "more": more, "photos": photos}
        return {**CONFIG, "init": init, "data": data}

    check(reading("a", "b", "c"), reading("d", "e", "f"))
    for key in ("init", "more", "photos"):
        with pytest.raises(InputError, match=f"{key}: '' -> 'a'"):
            check(reading(), reading(**{key: "a"}))


def test_other_images_are_not_scored_for_the_same_best():
    def scoring(images):
        return {**CONFIG, "log": {**CONFIG["log"], "evaluate_images": images}}

    check(scoring(2), scoring(2))
    with pytest.raises(InputError, match=r"log\.evaluate_images: 2 -> 3"):
        check(scoring(2), scoring(3))
    for key in config_schema.FREE[3:]:
        log = CONFIG["log"] | {key.removeprefix("log."): 7}
        check(CONFIG, {**CONFIG, "log": log})


def test_keys_that_came_later_were_off():
    later = {
        "accumulate": 1,
        "data": {"zoom": 1, "darkened_below": 0.3},
        "optimizer": {"name": "adam"},
        "distillation": {"branches": ("enhancement",)},
    }
    new = {**CONFIG, "accumulate": 1}
    new |= {k: {**CONFIG[k], **v} for k, v in later.items() if isinstance(v, dict)}
    old = {k: v for k, v in new.items() if k != "accumulate"}
    for part, keys in later.items():
        if isinstance(keys, dict):
            old[part] = {k: v for k, v in new[part].items() if k not in keys}
    check(old, new)
    check(old | {"accumulate": 2}, new | {"accumulate": 2})
    with pytest.raises(InputError, match="accumulate: 1 -> 2"):
        check(old, new | {"accumulate": 2})


def test_the_last_of_what_is_given_twice_counts_but_for_tuples():
    config_schema.check_overrides(["--config.seed=1", "--config.seed=2", "--x", "--x"])
    with pytest.raises(InputError, match=r"--config\.data\.later is given twice"):
        config_schema.check_overrides(["--config.data.later=()"] * 2)


@pytest.mark.parametrize(
    ("config", "folder"),
    [
        ("configs/teacher.py", "teacher"),
        ("configs/teacher.py:lol", "teacher"),
        ("configs/teacher.py:fivek", "teacher_fivek"),
        ("my/student.py:/some/folder", "student_folder"),
        ("configs/ablation.py:sobel_kd", "ablation_sobel_kd"),
    ],
)
def test_a_config_with_another_argument_has_a_folder_of_its_own(config, folder):
    assert train.default_workdir(config) == Path("runs") / folder


def test_the_best_of_an_earlier_attempt_is_forgotten(tmp_path):
    best = tmp_path / held_out.BEST
    for start in (4, 0):
        best.touch()
        with closing(Writer(tmp_path, start, 8)) as writer:
            held_out.scorer("student", pairs(), tmp_path, writer, start)
        assert best.exists() == bool(start)


def test_the_best_average_is_kept_and_not_the_parameters_of_its_step(tmp_path):
    shapes = variants.shapes(variants.build("zero_dce"))
    good = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape), shapes)  # changes nothing
    bad = {**good, "conv7": {**good["conv7"], "bias": good["conv7"]["bias"] - 0.5}}
    images = np.full((1, 16, 16, 3), 90, np.uint8)
    same = ArrayPairs("a", images, images)
    with closing(Writer(tmp_path, 0, 8)) as writer:
        score = held_out.scorer("zero_dce", same, tmp_path, writer, 0)
        for at, params, ema in ((2, good, bad), (4, bad, good), (6, good, bad)):
            score(at, TrainState(jnp.int32(at), params, ema, ()))
    _, kept, facts = weights_file.read(tmp_path / held_out.BEST)
    assert (facts["step"], facts["psnr"]) == (4, pytest.approx(100))
    jax.tree.map(np.testing.assert_array_equal, kept, good)
