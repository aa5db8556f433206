"""From a config to a run: the only library file that sees a config."""

from collections.abc import Generator
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from lled_jax import config_schema, held_out, objectives, resuming, weights_file
from lled_jax.data import memory, on_device, scenes, sources, well_lit
from lled_jax.data.order import Order, Stage
from lled_jax.data.pairs import PairSource, require_min_size
from lled_jax.errors import InputError
from lled_jax.files import write_json
from lled_jax.locate import load_params, load_with_progress, open_source
from lled_jax.models import variants, vgg
from lled_jax.objectives import Frozen
from lled_jax.summary import summary, taught_by
from lled_jax.training import loop, optimizer, sharding
from lled_jax.training.augmentation import Augmentation
from lled_jax.training.checkpoints import Checkpoints, begun
from lled_jax.training.lock import alone_in
from lled_jax.training.state import TrainState, create
from lled_jax.training.step import Batch, Prepare, make_step
from lled_jax.training.writer import Writer

FINAL = "ema.safetensors"
DTYPES = {"float32": None, "bfloat16": jnp.bfloat16}


def train(config: ConfigDict, workdir: Path) -> None:
    """Train as `config` says, resuming whatever `workdir` holds.

    Leaves config.json, checkpoints, metrics, pictures, curves.png, ema.safetensors (the
    final EMA parameters) and best.safetensors (the best on the held-out scenes).  A
    config with a `teacher_run` trains that first, unless it names a `teacher`.  Raises
    `InputError` for whatever the user can mend, and `Interrupted` after a signal, with
    everything saved.
    """
    config_schema.check(config.to_dict())
    teacher_run = config.get(config_schema.TEACHER_RUN)
    if teacher_run is not None and not config.teacher:
        train(teacher_run, workdir / "teacher")
        config = ConfigDict(config.to_dict() | {"teacher": str(workdir / "teacher")})
    plain = _plain(config)
    if begun(workdir):  # goes on from its own weights
        config = ConfigDict(plain | {"init": ""})
    mesh = sharding.make_mesh()
    data, heldout = _data(config)
    order = _order(config, data, mesh)
    phases, state, frozen, taught = _method(config, data, order, mesh)
    facts = resuming.facts(plain, data, frozen.get("teacher"))
    with alone_in(workdir), Checkpoints(workdir) as checkpoints:
        state = jax.device_put(state, sharding.replicated(mesh))
        if checkpoints.latest() is not None:
            resuming.check_same_run(checkpoints.config(), facts, workdir)
            state = checkpoints.restore(state)
        checkpoints.require_space(state)  # now, not after the steps up to the first
        step, total = int(state.step), config.total_steps
        first = jax.process_index() == 0
        if first:
            write_json(workdir / "config.json", plain)
            if step == 0:  # of an attempt before
                (workdir / FINAL).unlink(missing_ok=True)
        batches = _batches(config, data, order, step)
        writer = Writer(workdir, step, total, order.pixels, quiet=not first)
        told = summary(config.model, state, taught, data, heldout, order, total)
        writer.message(told)
        hooks = loop.Hooks(
            save=lambda at, s: checkpoints.save(at, s, facts),
            saved=checkpoints.wait,
            evaluate=held_out.scorer(config.model, heldout, workdir, writer, step),
            files_of=lambda at: [data.names[i] for i in order.draw(at).index],
            log_every=config.log.every,
            evaluate_every=config.log.evaluate_every,
            save_every=config.log.save_every,
        )
        state = loop.train(state, frozen, phases, batches, total, mesh, writer, hooks)
    if first:
        final = {"step": total, "kind": "final EMA"}
        weights_file.write(workdir / FINAL, config.model, state.ema, final)
        # Here, since matplotlib is slow to import and only the end needs it.
        from lled_jax.training import curves

        curves.draw(workdir, workdir / "curves.png")
    # A student of another process may read what the first has just written.
    sharding.wait_for_all(f"{workdir} is complete")


def _data(config: ConfigDict) -> tuple[PairSource, PairSource]:
    """Training pairs and held-out pairs, of different scenes."""
    data = config.data
    source = open_source(data.root, "train")
    if data.pipeline in ("memory", "device"):
        source = sources.load(source)  # now, so that each file is decoded only once
    training, heldout = scenes.holdout(source, data.holdout, data.holdout_seed)
    # From all over: those of a scene have names that follow each other.
    count = min(config.log.evaluate_images, len(heldout))
    chosen = np.linspace(0, len(heldout) - 1, count).astype(int)
    scored = source.subset(heldout[chosen])
    source = source.subset(training)
    if data.more:
        source = sources.joined(source, open_source(data.more, "train"), "more")
    if data.photos:
        source = sources.joined(source, well_lit.well_lit(Path(data.photos)), "photo")
    return source, scored


def _order(config: ConfigDict, data: PairSource, mesh: jax.sharding.Mesh) -> Order:
    base = Stage(0, config.data.crop, config.data.batch)
    later = [Stage(*stage) for stage in config.data.later]
    stages = [s._replace(zoom=s.zoom or config.data.zoom) for s in (base, *later)]
    if config.data.mixup and all(stage.batch == 1 for stage in stages):
        raise InputError(
            "data.mixup mixes the pairs of a batch, and each is alone in its own: set "
            "data.batch above 1, or data.mixup to 0"
        )
    for stage in stages:
        if stage.batch % config.accumulate:
            raise InputError(
                f"batch {stage.batch} cannot be worked through in {config.accumulate} "
                "parts; choose config.accumulate to divide it"
            )
        sharding.check_batch(stage.batch // config.accumulate, mesh)
        require_min_size(data, stage.crop)
    return Order(config.seed, data.sizes, stages)


def _batches(
    config: ConfigDict, data: PairSource, order: Order, start: int
) -> Generator[dict[str, np.ndarray], None, None]:
    span = start, config.total_steps, jax.process_index(), jax.process_count()
    if config.data.pipeline == "device":
        return on_device.addresses(order, *span)
    if config.data.pipeline == "memory":
        return memory.batches(data, order, *span)
    if config.data.pipeline == "tfdata":
        # Here, since TensorFlow is slow to start and many machines have none.
        from lled_jax.data import pipeline

        return pipeline.batches(data, order, *span)
    raise InputError(
        f"unknown data.pipeline {config.data.pipeline!r}; use tfdata, memory or device"
    )


def _method(
    config: ConfigDict, data: PairSource, order: Order, mesh: jax.sharding.Mesh
) -> tuple[list[loop.Phase], TrainState, Frozen, str]:
    """Each phase's step, the state before the first, frozen inputs, who teaches."""
    if config.dtype not in DTYPES:
        raise InputError(f"unknown dtype {config.dtype!r}; use {' or '.join(DTYPES)}")
    dtype = DTYPES[config.dtype]
    model = variants.build(config.model, dtype=dtype, remat=config.remat)
    weights, layers = config.loss.to_dict(), tuple(config.perceptual.layers)
    frozen: dict[str, Any] = {}
    taught = ""
    if weights["perceptual"] != 0:
        frozen["vgg"] = vgg.load_vgg(config.perceptual.weights)
    goals = {0: objectives.reference(model, weights, layers)}
    if config.teacher:
        name, frozen["teacher"], progress = load_with_progress(Path(config.teacher))
        taught = taught_by(config.teacher, progress)
        goals[config.distillation.start] = objectives.distilled(
            model,
            variants.build(name, dtype=dtype),
            weights,
            layers,
            weight=config.distillation.weight,
            output_weight=config.distillation.output,
            ensemble=config.distillation.ensemble,
            branches=tuple(config.distillation.branches),
            stages=tuple(map(tuple, config.distillation.stages)),
            normalisation=config.distillation.normalisation,
        )
    schedule, options = _schedule(config), config.optimizer
    update = optimizer.optimizer(
        options.name, schedule, clip_norm=options.clip_norm, only=options.only
    )
    resident = config.data.pipeline == "device"
    if resident:
        frozen["pixels"] = on_device.pixels(data)
    if config.init:
        params = load_params(Path(config.init), config.model)
    else:
        params = variants.init(model, config.seed)
    phases = []
    for start in sorted({*goals, *(stage.start for stage in order.stages)}):
        goal, stage = goals[max(at for at in goals if at <= start)], order.stage(start)
        prepare = _prepare(config, stage)
        side = stage.crop // stage.zoom
        size = (side, side) if side else tuple(order.sizes.min(axis=0).tolist())
        objectives.check(goal, params, frozen, size)
        step = make_step(
            goal,
            update,
            schedule,
            config.ema_decay,
            mesh,
            accumulate=config.accumulate,
            prepare=prepare,
        )
        phases.append(loop.Phase(start, step))
    state = create(params, update)
    return phases, state, jax.device_put(frozen, sharding.replicated(mesh)), taught


def _prepare(config: ConfigDict, stage: Stage) -> Prepare | None:
    """What is left to do to a batch inside the step, if anything."""
    resident = config.data.pipeline == "device"
    seed, data = config.seed, config.data
    changes = {name: data[name] for name in Augmentation._fields}
    changes["zoom"] = stage.zoom
    augment = Augmentation(**changes).checked(stage.crop)
    if not resident and augment == Augmentation():
        return None

    def prepare(step: jax.Array, frozen: Frozen, batch: Batch) -> Batch:
        if resident:
            batch = on_device.gather(frozen["pixels"], batch, stage.crop)
        return augment(batch, seed, step)

    return prepare


def _schedule(config: ConfigDict) -> optimizer.optax.Schedule:
    name, lr, warmup = (config.optimizer[key] for key in ("schedule", "lr", "warmup"))
    needs = {"every": config.optimizer.halve_every} if name == "halving" else {}
    return optimizer.schedule(name, lr, config.total_steps, warmup=warmup, **needs)


def _plain(config: ConfigDict) -> dict[str, Any]:
    """The run's own config, without that of a teacher trained before it."""
    own = config.to_dict()
    own.pop(config_schema.TEACHER_RUN, None)
    return own
