"""Whole runs from configs: entry points, resume, and what is said when it is wrong."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import jax
import numpy as np
import pytest
from configs_for_tests import CONFIGS, MODULES
from ml_collections import ConfigDict
from PIL import Image

import train
from configs import best_student, demo, dim_student, lol_cpu, student, teacher
from lled_jax import (
    config_schema,
    experiment,
    held_out,
    methods,
    objectives,
    weights_file,
)
from lled_jax.data import synthetic
from lled_jax.errors import InputError
from lled_jax.locate import load_weights
from lled_jax.models import variants
from lled_jax.training import loop
from lled_jax.training.checkpoints import Checkpoints
from lled_jax.training.lock import alone_in
from lled_jax.training.records import read_metrics

pytestmark = pytest.mark.usefixtures("compiled_quickly")

ROOT = Path(__file__).parent.parent


def tiny(config: ConfigDict, steps: int = 4) -> ConfigDict:
    """The config as it is, on a few small crops of the demo set."""
    config.data.root = "demo"
    config.data.crop, config.data.batch, config.data.later = 32, 4, ()
    config.data.holdout = 0.05
    config.total_steps = steps
    config.optimizer.warmup = min(config.optimizer.warmup, 1)
    config.perceptual.weights = "lpips"
    config.distillation.start = 2
    config.log.every = 1
    config.log.evaluate_every = config.log.save_every = 2
    config.log.evaluate_images = 1
    return config


def quick(config: ConfigDict, steps: int = 4) -> ConfigDict:
    """`tiny`, by the network that compiles soonest: for what no network changes."""
    config = tiny(config, steps)
    config.model, config.init = "zero_dce", ""
    return config


def script(*arguments, **options):
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        **options,
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run of the demo config: teacher, then student."""
    workdir = tmp_path_factory.mktemp("runs") / "demo"
    config = tiny(demo.get_config())
    config.teacher_run = tiny(config.teacher_run, 2)
    experiment.train(config, workdir)
    return config, workdir


def test_data_sets_have_short_names():
    assert teacher.get_config().data.root == "data/LOL"
    for config in (teacher, student, lol_cpu, best_student):
        assert config.get_config("fivek").data.root == "data/fivek"
        assert config.get_config("sid").data.root == "data/sid"
    assert student.get_config().teacher == "runs/teacher"
    for dataset in ("lol", "fivek", "some/folder", "tfds:fivek/480p", "some/folder/"):
        workdir = train.default_workdir(f"configs/teacher.py:{dataset}")
        assert student.get_config(dataset).teacher == str(workdir)
        for root in ("demo", "tfds:fivek/480p", "some/folder"):
            assert config.get_config(root).data.root == root


@pytest.mark.parametrize("name", CONFIGS)
def test_config_is_complete_and_says_how_to_run_it(name):
    config_schema.check(CONFIGS[name]().to_dict())
    module = name.partition(":")[0]
    assert f"--config configs/{module}.py" in MODULES[module].__doc__


def test_paper_settings():
    t, s = teacher.get_config(), student.get_config()
    assert (t.total_steps, s.total_steps, s.distillation.start) == (
        10**5,
        50_000,
        10**4,
    )
    assert (s.optimizer.lr, s.optimizer.halve_every) == (2e-4, 25_000)
    for config in (t, s):
        weights = config.loss.to_dict()
        assert weights.pop("charbonnier") == weights.pop("gt_mean") == 0
        assert weights.pop("zero_reference") == 0
        assert weights == {"l1": 1, "perceptual": 0.1, "ssim": 1, "gradient": 1}
        assert (config.data.crop, config.distillation.weight) == (256, 1)


@pytest.mark.parametrize("name", ["teacher", "student"])
def test_paper_config_starts(name, tmp_path, trained):
    """Both phases, all loss terms, tf.data, on the demo set instead of LOL."""
    config = tiny(MODULES[name].get_config())
    if name == "student":
        config.teacher = str(trained[1] / "teacher")
    experiment.train(config, tmp_path)
    records = {r["step"]: r for r in read_metrics(tmp_path) if "loss" in r}
    terms = {"l1", "perceptual", "ssim", "gradient"}
    assert terms <= set(records[1])
    assert ("distillation" in records[4]) == (name == "student")
    assert "distillation" not in records[2]


def test_a_run_leaves_what_it_says(trained):
    _, workdir = trained
    steps = [r["step"] for r in read_metrics(workdir) if "holdout_psnr" in r]
    assert steps == [2, 4]
    for name in ("curves.png", "pictures/0000004.png"):
        with Image.open(workdir / name) as picture:
            assert picture.width > 100
    assert list((workdir / "tensorboard").iterdir())
    model, ema, facts = weights_file.read(workdir / "ema.safetensors")
    assert (model, facts["step"]) == ("student", 4)
    name, params = load_weights(workdir)
    assert name == "student"
    for a, b in zip(jax.tree.leaves(ema), jax.tree.leaves(params), strict=True):
        np.testing.assert_array_equal(a, b)
    best = weights_file.read(workdir / "best.safetensors")[2]
    scores = [r["holdout_psnr"] for r in read_metrics(workdir) if "holdout_psnr" in r]
    assert best["psnr"] == pytest.approx(max(scores))
    assert load_weights(workdir / "teacher")[0] == "teacher"


def test_weights_that_are_not_finite_are_refused(tmp_path):
    params = variants.init(variants.build("student"), 0)
    params["tail"]["out_bias"] = params["tail"]["out_bias"].at[1].set(np.nan)
    path = tmp_path / "w.safetensors"
    weights_file.write(path, "student", params, {})
    with pytest.raises(
        InputError, match=r"w\.safetensors holds parameters that are NaN"
    ):
        load_weights(path)


def test_a_full_disk_is_told_before_the_first_step(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=1000))
    monkeypatch.setattr(loop, "train", None)
    with pytest.raises(
        InputError, match=r"cannot save a checkpoint in .* MiB left; fr"
    ):
        experiment.train(quick(demo.get_config()), tmp_path)


def test_a_run_says_how_far_it_is(trained):
    facts = methods.of_checkpoint(trained[1], "onnxruntime").facts
    assert (facts["step"], facts["total_steps"]) == (4, 4)
    assert "step" not in methods.of_checkpoint(Path("student"), "onnxruntime").facts


def test_the_scored_are_from_all_over_the_held_out():
    config = quick(demo.get_config())
    config.data.holdout = 0.5
    config.log.evaluate_images = 1000
    _, every = experiment._data(config)
    config.log.evaluate_images = 3
    _, some = experiment._data(config)
    middle = every.names[(len(every) - 1) // 2]
    assert some.names == (every.names[0], middle, every.names[-1])
    config.log.evaluate_images = 0
    assert len(experiment._data(config)[1]) == 0


def test_reading_a_run_leaves_what_its_training_is_writing(tmp_path, trained):
    unfinished = {}
    for name in ("read", "trained on"):
        run = shutil.copytree(trained[1], tmp_path / name)
        unfinished[name] = run / "checkpoints/6.orbax-checkpoint-tmp/ema"
        unfinished[name].mkdir(parents=True)
    load_weights(tmp_path / "read")
    with Checkpoints(tmp_path / "trained on"):  # as when it goes on after a crash
        # Orbax removes it in a thread; had reading begun that too, it were done first.
        deadline = time.monotonic() + 60
        while unfinished["trained on"].exists() and time.monotonic() < deadline:
            time.sleep(0.01)
    assert not unfinished["trained on"].exists()
    assert unfinished["read"].exists()


def test_a_run_goes_on_from_other_weights(tmp_path, trained):
    config = tiny(lol_cpu.get_config(), 2)
    begin = tmp_path / "begin.safetensors"
    shutil.copy(trained[1] / experiment.FINAL, begin)
    config.init, config.optimizer.lr = str(begin), 1e-9
    experiment.train(config, tmp_path / "run")
    begin.unlink()
    experiment.train(config, tmp_path / "run")  # it has its own weights now
    first, last = load_weights(trained[1])[1], load_weights(tmp_path / "run")[1]
    for a, b in zip(jax.tree.leaves(first), jax.tree.leaves(last), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
    config.init, config.model = str(trained[1]), "student_base"
    with pytest.raises(InputError, match="weights of a student, not of a student_base"):
        experiment.train(config, tmp_path / "other")


def test_a_stage_after_the_end_is_told(tmp_path, capsys):
    config = quick(lol_cpu.get_config(), 2)
    for later, told in (((1, 48, 4),), False), (((1, 48, 4), (2, 64, 4)), True):
        config.data.later = later
        experiment.train(config, tmp_path / str(told))
        said = capsys.readouterr().out
        assert ("data.later, what is from step 2 on never comes" in said) == told


def test_what_is_said_of_distillation_is_what_is_done(tmp_path, monkeypatch):
    def listen(*networks, **options):
        heard.append((*(network.channels for network in networks[:2]), options))
        raise InputError("heard")

    heard, said = [], {"weight": 0.25, "stages": ((0, 1),), "normalisation": "l1"}
    said |= {"branches": ("gradient",), "output": 0.5, "ensemble": True}
    monkeypatch.setattr(objectives, "distilled", listen)
    params = variants.init(variants.build("teacher"), 0)
    weights_file.write(tmp_path / "teacher.safetensors", "teacher", params, {})
    config = tiny(student.get_config())
    config.teacher = str(tmp_path / "teacher.safetensors")
    config.distillation.update(said)
    config.loss.perceptual = 0.0  # whose weights take long to load
    with pytest.raises(InputError, match="heard"):
        experiment.train(config, tmp_path / "run")
    said["output_weight"] = said.pop("output")
    assert heard == [(48, 96, said)]


@pytest.fixture
def only_begins(monkeypatch):
    """A run ends where the first step would begin."""

    def begins(*arguments):
        arguments[-2].close()  # the writer
        raise InputError("begins")

    monkeypatch.setattr(loop, "train", begins)


@pytest.mark.usefixtures("only_begins")
def test_final_weights_are_forgotten_where_a_run_starts_anew(tmp_path, trained):
    run = shutil.copytree(trained[1], tmp_path / "run")
    config = ConfigDict(trained[0].to_dict() | {"teacher": str(run / "teacher")})
    with pytest.raises(InputError, match="begins"):
        experiment.train(config, run)
    assert (run / experiment.FINAL).is_file()
    shutil.rmtree(run / "checkpoints")
    with pytest.raises(InputError, match="begins"):
        experiment.train(config, run)
    assert not (run / experiment.FINAL).exists()


@pytest.mark.usefixtures("only_begins")
def test_a_teacher_that_has_not_ended_is_told(tmp_path, trained, capsys):
    runs = shutil.copytree(trained[1], tmp_path / "runs")
    config = tiny(demo.get_config())
    config.teacher = str(runs / "teacher")
    for total, told in ((2, ""), (5, "after 2 of its 5 steps, ")):
        facts = runs / "teacher/checkpoints/2/config/metadata"
        known = json.loads(facts.read_text()) | {"total_steps": total}
        facts.write_text(json.dumps(known))
        with pytest.raises(InputError, match="begins"):
            experiment.train(config, tmp_path / str(total))
        said = capsys.readouterr().out
        assert f"parameters, taught by {config.teacher}, {told}45 training" in said


@pytest.mark.parametrize("key", ["photos", "more"])
def test_what_is_trained_on_beside_is_never_held_out(key, tmp_path, capsys):
    config = quick(dim_student.get_config(), 2)
    config.optimizer.lr = 1e-9
    experiment.train(config, tmp_path / "without")
    name = synthetic.demo("train").names[0]  # which is no pair twice
    for folder in ("", "train/low", "train/high"):
        path = tmp_path / "more" / folder / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((400, 600, 3), 200, np.uint8)).save(path)
    config.data[key] = str(tmp_path / "more")
    experiment.train(config, tmp_path / "with")
    counts = [
        tuple(map(int, found))
        for found in re.findall(
            r"(\d+) training pairs, (\d+) held", capsys.readouterr().out
        )
    ]
    assert counts == [(counts[0][0], counts[0][1]), (counts[0][0] + 1, counts[0][1])]
    scores = [
        read_metrics(tmp_path / name)[-1]["holdout_psnr"]
        for name in ("without", "with")
    ]
    assert scores[0] == pytest.approx(scores[1], abs=1e-3)


def test_photos_that_stay_bright_are_refused(tmp_path):
    config = tiny(best_student.get_config(), 2)
    config.data.photos, config.data.darkened = "photos", 0.0
    with pytest.raises(InputError, match=r"set data\.darkened above 0"):
        experiment.train(config, tmp_path / "bright")


def test_a_run_may_move_some_parameters_only(tmp_path, trained):
    config = tiny(lol_cpu.get_config(), 2)
    config.init, config.optimizer.only = str(trained[1]), "channel_attention"
    experiment.train(config, tmp_path / "run")
    first, last = load_weights(trained[1])[1], load_weights(tmp_path / "run")[1]
    moved = {
        jax.tree_util.keystr(path): bool(np.any(a != b))
        for (path, a), b in zip(
            jax.tree_util.tree_leaves_with_path(first),
            jax.tree.leaves(last),
            strict=True,
        )
    }
    assert moved == {name: "channel_attention" in name for name in moved}
    config.optimizer.only = "no_such_layer"
    with pytest.raises(InputError, match="no parameter has that name"):
        experiment.train(config, tmp_path / "other")


def test_the_seed_does_not_choose_the_scenes_held_out(tmp_path):
    # Else a run would be tested on what its teacher or its first weights have seen.
    experiment.train(quick(lol_cpu.get_config(), 2), tmp_path / "before")

    def score(name, seed, scenes):
        config = quick(lol_cpu.get_config(), 2)
        config.init, config.optimizer.lr = str(tmp_path / "before"), 1e-9
        config.seed, config.data.holdout_seed = seed, scenes
        experiment.train(config, tmp_path / name)
        return read_metrics(tmp_path / name)[-1]["holdout_psnr"]

    first = score("first", seed=0, scenes=0)
    assert score("seed", seed=1, scenes=0) == pytest.approx(first, abs=1e-3)
    assert score("scenes", seed=0, scenes=1) != pytest.approx(first, abs=1e-1)


def test_all_pipelines_train_alike(tmp_path):
    config = tiny(lol_cpu.get_config(), 4)
    config.data.later = ((2, 48, 4),)
    results = {}
    for pipeline in ("memory", "tfdata", "device"):
        config.data.pipeline = pipeline
        experiment.train(config, tmp_path / pipeline)
        results[pipeline] = load_weights(tmp_path / pipeline)[1]
    expected = jax.tree.leaves(results.pop("memory"))
    for other in results.values():
        for x, y in zip(expected, jax.tree.leaves(other), strict=True):
            np.testing.assert_array_equal(x, y)


def test_a_stage_may_have_a_zoom_of_its_own(tmp_path):
    def trained_on(zoom, later):
        config = quick(lol_cpu.get_config(), 2)
        config.data.zoom, config.data.later = zoom, later
        workdir = tmp_path / f"{zoom} {later}"
        experiment.train(config, workdir)
        return jax.tree.leaves(load_weights(workdir)[1])

    def same(one, other):
        pairs = zip(one, other, strict=True)
        return all(np.array_equal(x, y) for x, y in pairs)

    zoomed = trained_on(2, ())
    assert same(zoomed, trained_on(2, ((1, 32, 4),)))
    assert same(zoomed, trained_on(2, ((1, 32, 4, 2),)))
    changed = trained_on(2, ((1, 32, 4, 1),))
    assert not same(zoomed, changed)
    assert not same(changed, trained_on(1, ()))


def test_another_config_is_refused(trained):
    config, workdir = trained
    other = ConfigDict(config.to_dict())
    other.optimizer.lr = 1e-5
    with pytest.raises(InputError, match=r"optimizer\.lr: 0\.0006 -> 1e-05"):
        experiment.train(other, workdir)
    other = ConfigDict(config.to_dict())
    other.log.every = 7  # changes nothing of the result
    experiment.train(other, workdir)


def test_a_run_older_than_a_key_had_it_off(trained):
    new = trained[0].to_dict()
    old = {**new, "data": {k: v for k, v in new["data"].items() if k != "noise"}}
    assert config_schema.differences(old, new) == []
    noisy = {**new, "data": {**new["data"], "noise": 0.1}}
    assert config_schema.differences(old, noisy) == ["data.noise: None -> 0.1"]
    assert config_schema.differences(noisy, new) == ["data.noise: 0.1 -> 0.0"]


def test_a_run_given_more_steps_equals_one_that_had_them(tmp_path):
    config = quick(lol_cpu.get_config())
    config.optimizer.schedule = "constant"
    experiment.train(config, tmp_path / "at_once")
    config.total_steps = 3
    experiment.train(config, tmp_path / "extended")
    config.total_steps = 4
    experiment.train(config, tmp_path / "extended")
    once, later = (
        jax.tree.leaves(load_weights(tmp_path / run)[1])
        for run in ("at_once", "extended")
    )
    for x, y in zip(once, later, strict=True):
        np.testing.assert_array_equal(x, y)


def test_neither_fewer_steps_nor_those_of_a_falling_rate_are_the_same_run(trained):
    new = trained[0].to_dict()
    assert new["optimizer"]["schedule"] == "cosine"
    longer = {**new, "total_steps": new["total_steps"] + 1}
    assert len(config_schema.differences(new, longer)) == 1
    for schedule in config_schema.EXTENSIBLE:
        steady = {"optimizer": {**new["optimizer"], "schedule": schedule}}
        assert config_schema.differences(new | steady, longer | steady) == []
        assert len(config_schema.differences(longer | steady, new | steady)) == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": "pupil"}, "unknown model 'pupil'"),
        ({"dtype": "float16"}, "unknown dtype 'float16'"),
        ({"data.pipeline": "disk"}, "unknown data.pipeline 'disk'"),
        ({"data.crop": 512}, "512"),
        ({"data.batch": 3}, "batch 3 does not divide"),
        ({"accumulate": 0}, "'accumulate' is 0; it must be 1 or more"),
        ({"accumulate": 3}, "batch 4 cannot be worked through in 3 parts"),
        ({"remat": 1}, "'remat' is 1; it must be True or False"),
        ({"data.later": (1, 2)}, "'data.later' is"),
        (
            {"data.later": ((1, 32, 4, 3),)},
            "crop 32 is not a multiple of data.zoom 3",
        ),
        ({"data.later": ((1, "x", 4),)}, "'data.later' is"),
        ({"data.later": ((1, 32),)}, "must be ((step, crop, batch), ...) or"),
        (
            {"distillation.stages": ((-1.0, -1),)},
            "must be ((student stage, teacher stage), ...)",
        ),
        (
            {"perceptual.layers": (3,)},
            "'perceptual.layers' is (3,); it must be a tuple",
        ),
        (
            {"teacher": "student", "distillation.branches": ()},
            "no branch to distil; known: enhancement",
        ),
        ({"total_steps": 0}, "'total_steps' is 0; it must be 1 or more"),
        (
            {"distillation.start": -1},
            "'distillation.start' is -1; it must be 0 or more",
        ),
        ({"log.evaluate_images": -1}, "'log.evaluate_images' is -1; it must be 0"),
        ({"optimizer.lr": -1e-3}, "'optimizer.lr' is -0.001; it must be 0 or more"),
        ({"optimizer.lr": float("nan")}, "'optimizer.lr' is nan; it must be finite"),
        ({"ema_decay": 1.0}, "'ema_decay' is 1.0; it must be less than 1"),
        ({"data.mixup": 0.5, "data.batch": 1}, "data.mixup mixes the pairs of a batch"),
        ({"distillation.stages": (-1, -1)}, "'distillation.stages' is (-1, -1); it"),
        ({"teacher": "/nowhere"}, "no checkpoint at /nowhere"),
        (
            {"teacher": "student", "distillation.start": 4},
            "teach nothing: distillation.start is 4 of 4",
        ),
        (
            {"teacher": "student", "distillation.weight": 0.0},
            "teach nothing: distillation.weight and .output are 0",
        ),
        (
            {"data.darkened": 0.0, "data.darkened_further": 2.0},
            "data.darkened_further is for what is made dark",
        ),
        (
            {"data.darkened": 0.0, "data.darkened_unevenly": 0.5},
            "data.darkened_unevenly is for what is made dark",
        ),
        (
            {"data.darkened": 0.0, "data.darkened_mosaic": 0.5},
            "data.darkened_mosaic is for what is made dark",
        ),
        (
            {"data.bright": 0.0, "data.bright_as_is": True},
            "data.bright_as_is is for what is shown bright",
        ),
        ({"distillation.output": 1.0}, "distillation.output is for what is distilled"),
        (
            {"distillation.ensemble": True},
            "distillation.ensemble is for what is distilled",
        ),
        # Of a later phase, and told before the first.
        (
            {
                "teacher": "student",
                "distillation.start": 3,
                "distillation.stages": ((4, 4),),
            },
            "the student has 4 stages, so its index is -4 to 3, not 4",
        ),
        ({"data.later": ((3, 8, 4),)}, "SSIM needs images of at least 11x11 pixels"),
        (
            {"data.later": ((3, 30, 4, 3),)},
            "SSIM needs images of at least 11x11 pixels, got 10x10",
        ),
        ({"optimizer.schedule": "halving"}, "warmup 1: the schedule halving has none"),
        ({"total_steps": "many"}, "'total_steps' is 'many'; it must be an int"),
        ({"seed": True}, "'seed' is True"),
        ({"data.cropp": 1}, "'data.cropp'; did you mean 'data.crop'"),
    ],
)
def test_wrong_values_are_named(tmp_path, change, message):
    config = ConfigDict(tiny(lol_cpu.get_config()).to_dict(), type_safe=False)
    config.update_from_flattened_dict(change)
    with pytest.raises(InputError, match=re.escape(message)):
        experiment.train(config, tmp_path)


def test_a_named_teacher_is_not_trained(tmp_path, trained):
    config = tiny(demo.get_config())
    config.teacher = str(trained[1] / "teacher")
    experiment.train(config, tmp_path)
    assert not (tmp_path / "teacher").exists()
    for mine, theirs in zip(
        *(jax.tree.leaves(load_weights(run)[1]) for run in (tmp_path, trained[1])),
        strict=True,
    ):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("at", [1, 2])
def test_a_run_killed_while_it_scores_is_as_if_it_had_not_been(
    tmp_path, monkeypatch, at
):
    def scores(workdir):
        best = weights_file.read(workdir / held_out.BEST)[2]
        records = [r for r in read_metrics(workdir) if "holdout_psnr" in r]
        return best, [{k: r[k] for k in r if k != "seconds"} for r in records]

    config = quick(lol_cpu.get_config())
    experiment.train(config, tmp_path / "whole")
    seen = []

    def killed(*args, **kwargs):
        seen.append(args)
        if len(seen) == at:
            raise KeyboardInterrupt
        return evaluate(*args, **kwargs)

    evaluate = held_out.evaluate
    with monkeypatch.context() as patch:
        patch.setattr(held_out, "evaluate", killed)
        with pytest.raises(KeyboardInterrupt):
            experiment.train(config, tmp_path / "killed")
    experiment.train(config, tmp_path / "killed")
    assert scores(tmp_path / "killed") == scores(tmp_path / "whole")
    # Once it has its score, no leg to come scores it again.
    monkeypatch.setattr(held_out, "evaluate", None)
    experiment.train(config, tmp_path / "killed")


def test_a_folder_that_another_training_holds_is_left_alone(tmp_path):
    with (
        alone_in(tmp_path),
        pytest.raises(InputError, match="another training is at work in"),
    ):
        experiment.train(quick(lol_cpu.get_config()), tmp_path)
    assert not (tmp_path / "checkpoints").exists()


def test_missing_tensorflow_is_said_with_the_way_around(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    monkeypatch.delitem(sys.modules, "lled_jax.data.pipeline", raising=False)
    monkeypatch.delattr("lled_jax.data.pipeline", raising=False)
    config = tiny(lol_cpu.get_config())
    config.data.pipeline = "tfdata"
    with pytest.raises(InputError, match=r"needs TensorFlow: .*pipeline=memory"):
        experiment.train(config, tmp_path)


def test_missing_key_is_named():
    config = teacher.get_config().to_dict()
    del config["optimizer"]["lr"]
    with pytest.raises(InputError, match=r"lacks the key 'optimizer\.lr'"):
        config_schema.check(config)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--config.optimizer.lrr=1"], "did you mean 'optimizer.lr'"),
        (["--config.data.later=()"] * 2, "--config.data.later is given twice"),
        (["--config.total_steps=x"], "--config.total_steps=x"),
        (["--config.data.root=/nowhere"], "/nowhere: not a folder"),
        (["--config=configs/none.py"], "no config file configs/none.py; there are"),
        (
            ["--config=configs/ablation.py:soble"],
            "error: --config: unknown row 'soble'",
        ),
        (["--wrkdir=x"], "Did you mean: workdir"),
    ],
)
def test_train_script_says_what_is_wrong_in_one_line(tmp_path, arguments, message):
    base = ["train.py", "--config=configs/lol_cpu.py", f"--workdir={tmp_path}"]
    result = script(*base, *arguments)
    assert result.returncode == 1
    assert message in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert result.stderr.startswith("error: ")


def test_evaluate_script_end_to_end(tmp_path, trained):
    _, workdir = trained
    out = tmp_path / "out"
    result = script("evaluate.py", f"--ckpt={workdir}", "--data=demo", f"--out={out}")
    assert result.returncode == 0, result.stderr
    assert "PSNR" in result.stdout
    scores = json.loads((out / "scores.json").read_text())
    assert (scores["model"], scores["parameters"]) == ("student", 279_765)
    with Image.open(out / "contact_sheet.png") as sheet:
        assert sheet.width == 1200
    # The pictures it wrote score the same when given back as somebody's predictions.
    again = tmp_path / "again"
    result = script(
        "evaluate.py",
        f"--predictions={out / 'enhanced'}",
        "--data=demo",
        f"--out={again}",
    )
    assert result.returncode == 0, result.stderr
    assert json.loads((again / "scores.json").read_text())["images"] == scores["images"]


def test_sigterm_saves_and_the_same_command_goes_on(tmp_path):
    command = [
        sys.executable,
        "train.py",
        "--config=configs/lol_cpu.py",
        "--config.data.root=demo",
        "--config.data.crop=32",
        "--config.data.later=()",
        # The CPU compiler of jaxlib 0.10 is particular about one image at a time.
        "--config.data.pipeline=device",
        "--config.data.batch=1",
        "--config.total_steps=100000",
        "--config.log.every=1",
        f"--workdir={tmp_path}",
    ]
    # One device, as on a laptop.
    env = os.environ | {"XLA_FLAGS": ""}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    reached = []
    for _ in range(2):
        process = subprocess.Popen(command, cwd=ROOT, env=env, **pipes)
        _wait_for_record(tmp_path, process, max(reached, default=0) + 2)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=120)
        assert process.returncode == 128 + signal.SIGTERM, err
        assert "run the same command to resume" in err
        if reached:
            assert f"resuming at step {reached[-1]}" in out
        with Checkpoints(tmp_path) as checkpoints:
            reached.append(checkpoints.latest())
    assert reached[1] > reached[0] > 0


def _wait_for_record(workdir, process, step):
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        if any(r["step"] >= step for r in read_metrics(workdir)):
            return
        time.sleep(0.2)
    raise AssertionError(f"no step {step}: {process.stderr.read()}")
