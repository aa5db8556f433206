"""Every config, as it is but for size: its steps are traced, its network is scored.

And of all, as few as make every setting that any of them makes are trained 8 steps.
"""

import json
from contextlib import closing
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from configs_for_tests import CONFIGS
from PIL import Image

from lled_jax import config_schema, experiment, methods, scoring, weights_file
from lled_jax.data import synthetic
from lled_jax.errors import InputError
from lled_jax.locate import load_weights
from lled_jax.models import variants
from lled_jax.training import loop
from lled_jax.training.records import read_metrics

pytestmark = pytest.mark.usefixtures("compiled_quickly")

STEPS = 8


def _small(config):
    """`config` on small crops, without the paths of what it starts from."""
    config.data.root = "pairs"
    config.data.crop = max(32, 16 * config.data.zoom)
    config.data.batch, config.data.later = 4, ()
    config.data.holdout = 0.25
    config.data.photos = "photos" if config.data.photos else ""
    config.init = "begun" if config.init else ""
    config.total_steps = STEPS
    config.optimizer.warmup = min(config.optimizer.warmup, 2)
    config.perceptual.weights = "lpips"
    config.log.every = 1
    config.log.evaluate_every = config.log.save_every = STEPS
    config.log.evaluate_images = 1
    if "teacher_run" in config:
        del config.teacher_run
        config.teacher = "of the run before"
    if config.teacher:
        config.teacher = _kind_of_teacher(config)
        config.distillation.start = min(config.distillation.start, STEPS // 2)
    return config


def _kind_of_teacher(config):
    """As which network the config's teacher is built, known by its name."""
    if config.model.startswith("hdrnet"):
        return "hdrnet_teacher"
    return "student" if "student" in Path(config.teacher).name else "teacher"


def _without_numbers(value):
    """Of a fraction or a weight whether there is any, of a count whether several."""
    if isinstance(value, dict):
        return {key: _without_numbers(inner) for key, inner in value.items()}
    if isinstance(value, float):
        return value > 0
    if isinstance(value, int) and not isinstance(value, bool):
        return value > 1
    return value


def _settings(config):
    """What a config turns on and off, whatever its numbers, as (key, value)."""
    found = set(config_schema.flatten(_without_numbers(config.to_dict())))
    # Who teaches whom matters; without a teacher, how it would be done does not.
    who = ("teacher", (config.model, config.teacher))
    return {who} | {
        (key, value)
        for key, value in found
        if config.teacher or not key.startswith("distillation.")
    }


def _enough(configs):
    """Names of as few as make every setting, each the one that adds the most."""
    left = {name: _settings(config) for name, config in configs.items()}
    chosen, missing = [], set().union(*left.values())
    while missing:
        chosen.append(max(left, key=lambda name: len(left[name] & missing)))
        missing -= left[chosen[-1]]
    return chosen


SMALL = {name: _small(make()) for name, make in CONFIGS.items()}
TRAINED = _enough(SMALL)


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    """Folders of pairs for training and for scoring, named as FiveK's are."""
    root = tmp_path_factory.mktemp("pairs")
    for split, count in (("train", 12), ("test", 2)):
        source = synthetic.demo(split)
        for kind in ("input", "expertC"):
            (root / split / kind).mkdir(parents=True)
        for i in range(count):
            for kind, image in zip(("input", "expertC"), source[i], strict=True):
                small = Image.fromarray(image[:72, :56])
                small.save(root / split / kind / f"{i}.png")
    return root


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """A folder of one well-lit photo."""
    folder, photo = tmp_path_factory.mktemp("photos"), synthetic.demo("test")[2][1]
    Image.fromarray(photo).save(folder / "coffee.png")
    return folder


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """A weights file of each kind of network that a config goes on from."""
    return _networks(tmp_path_factory.mktemp("begun"), ("student", "teacher"), 0)


@pytest.fixture(scope="module")
def teachers(tmp_path_factory):
    """A weights file of each kind of network that teaches, other than those begun."""
    names = ("student", "teacher", "hdrnet_teacher")
    return _networks(tmp_path_factory.mktemp("teachers"), names, 1)


def _networks(folder, names, seed):
    """Weights files of these networks as they are drawn, by name."""
    files = {name: folder / f"{name}.safetensors" for name in names}
    for name, file in files.items():
        params = variants.init(variants.build(name), seed)
        weights_file.write(file, name, params, {})
    return files


@pytest.fixture
def config(name, pairs, photos, begun, teachers):
    """The small config of that name, with the paths of what it starts from."""
    config = SMALL[name].copy_and_resolve_references()
    config.data.root = str(pairs)
    if config.data.photos:
        config.data.photos = str(photos)
    if config.init:
        config.init = str(begun[config.model])
    if config.teacher:
        config.teacher = str(teachers[config.teacher])
    return config


@pytest.mark.parametrize("name", [name for name in SMALL if name not in TRAINED])
def test_its_steps_are_traced(config, tmp_path, monkeypatch):
    def trace(state, frozen, phases, batches, total, mesh, writer, hooks):
        with closing(batches):
            batch = next(batches)
        for phase in phases:
            after, metrics = jax.eval_shape(phase.step, state, frozen, batch)
            assert jax.tree.map(jnp.shape, after) == jax.tree.map(jnp.shape, state)
            terms.append(("distillation" in metrics, phase.start))
        writer.close()
        raise InputError("traced")

    terms = []
    monkeypatch.setattr(loop, "train", trace)
    with pytest.raises(InputError, match="traced"):
        experiment.train(config, tmp_path)
    start = config.distillation.start
    expected = {0: [(True, 0)]}.get(start, [(False, 0), (True, start)])
    assert terms == (expected if config.teacher else [(False, 0)])


@pytest.mark.parametrize("name", TRAINED)
def test_it_trains(config, begun, tmp_path):
    distils = bool(config.teacher)
    run = tmp_path / "run"
    experiment.train(config, run)

    metrics = read_metrics(run)
    assert [r["step"] for r in metrics if "holdout_psnr" in r] == [STEPS]
    records = {r["step"]: r for r in metrics if "loss" in r}
    assert set(records) == set(range(1, STEPS + 1))
    assert np.isfinite([r["loss"] for r in records.values()]).all()
    assert ("distillation" in records[STEPS]) == distils
    at_once = distils and config.distillation.start == 0
    assert ("distillation" in records[STEPS // 2]) == at_once
    model, params = load_weights(run)
    assert model == config.model
    if config.init:
        before = load_weights(begun[model])[1]
    else:
        before = variants.init(variants.build(model), config.seed)
    leaves = zip(jax.tree.leaves(params), jax.tree.leaves(before), strict=True)
    moved = [np.abs(trained - first).max() for trained, first in leaves]
    assert min(moved) > 0


@pytest.mark.parametrize("model", sorted({c.model for c in SMALL.values()}))
def test_its_network_is_scored(model, pairs, tmp_path):
    weights = _networks(tmp_path, [model], 0)[model]
    method = methods.of_checkpoint(weights, "jax")
    scoring.score_method(method, str(pairs), "test", tmp_path / "scores")
    scores = json.loads((tmp_path / "scores" / "scores.json").read_text())
    assert scores["count"] == 2
    assert 0 < scores["means"]["psnr"] < 60
