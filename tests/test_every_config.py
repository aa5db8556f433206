"""Every config, as it is but for size, trains 8 steps; its network is scored.

Of several that run the same code, one: those that differ in numbers alone.
"""

import json
from pathlib import Path

import jax
import numpy as np
import pytest
from configs_for_tests import CONFIGS
from PIL import Image

from lled_jax import experiment, methods, scoring, weights_file
from lled_jax.data import synthetic
from lled_jax.locate import load_weights
from lled_jax.models import variants
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


def _unlike_each_other():
    """The first config of each kind, by name."""
    found = {}
    for name, make in CONFIGS.items():
        config = _small(make())
        kind = _without_numbers(config.to_dict())
        # Read from files or memory, the pictures are the same to the last bit.
        del kind["seed"], kind["data"]["pipeline"]
        found.setdefault(str(kind), (name, config))
    return dict(found.values())


KINDS = _unlike_each_other()


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


@pytest.mark.parametrize("name", KINDS)
def test_it_trains(name, pairs, photos, begun, teachers, tmp_path):
    config = KINDS[name].copy_and_resolve_references()
    config.data.root = str(pairs)
    if config.data.photos:
        config.data.photos = str(photos)
    if config.init:
        config.init = str(begun[config.model])
    distils = bool(config.teacher)
    if distils:
        config.teacher = str(teachers[config.teacher])
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


@pytest.mark.parametrize("model", sorted({c.model for c in KINDS.values()}))
def test_its_network_is_scored(model, pairs, tmp_path):
    weights = _networks(tmp_path, [model], 0)[model]
    method = methods.of_checkpoint(weights, "jax")
    scoring.score_method(method, str(pairs), "test", tmp_path / "scores")
    scores = json.loads((tmp_path / "scores" / "scores.json").read_text())
    assert scores["count"] == 2
    assert 0 < scores["means"]["psnr"] < 60
