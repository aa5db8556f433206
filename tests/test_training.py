"""The train step, the loop, and what survives a kill."""

import errno
import functools
import os
import shutil
import signal
import threading
import time
from contextlib import closing

import jax
import jax.numpy as jnp
import numpy as np
import optax
import orbax.checkpoint as ocp
import pytest
from jax.sharding import AxisType

from lled_jax import objectives
from lled_jax.data import memory, synthetic
from lled_jax.data.order import Order, Stage
from lled_jax.ensemble import ensembled
from lled_jax.errors import InputError, Interrupted
from lled_jax.images import to_float
from lled_jax.models import variants
from lled_jax.models.gradient_guided import GradientGuided
from lled_jax.models.network import answer
from lled_jax.objectives import distilled, reference
from lled_jax.training import loop, optimizer, sharding, state, step
from lled_jax.training.checkpoints import Checkpoints, begun
from lled_jax.training.records import read_metrics
from lled_jax.training.writer import Writer

SMALL = GradientGuided(1, 8)
WEIGHTS = {"l1": 1.0, "ssim": 0.5}
SIGNS = ((1, 1), (-1, 1), (1, -1), (-1, -1))


@pytest.fixture(scope="module")
def pairs():
    return synthetic.demo("train").subset(np.arange(12))


@functools.cache
def compiled(objective, mesh, lr):
    """One jitted step for all tests that use the same."""
    schedule = optax.constant_schedule(lr)
    adam = optimizer.adam(schedule)
    return adam, step.make_step(objective, adam, schedule, 0.9, mesh)


DEFAULT = reference(SMALL, WEIGHTS, ())
L1 = reference(SMALL, {"l1": 1.0}, ())


def make(model=SMALL, objective=DEFAULT, mesh=None, lr=1e-3):
    mesh = mesh or sharding.make_mesh()
    adam, advance = compiled(objective, mesh, lr)
    first = state.create(variants.init(model, 0), adam)
    return jax.device_put(first, sharding.replicated(mesh)), advance, mesh


def run(model, pairs, steps, mesh=None, objective=DEFAULT, frozen=None, crop=32):
    current, advance, mesh = make(model, objective, mesh)
    order = Order(0, pairs.sizes, [Stage(0, crop, 4)])
    metrics = []
    for batch in memory.batches(pairs, order, 0, steps):
        batch = sharding.put_batch(batch, sharding.batch_sharding(mesh))
        current, values = advance(current, frozen or {}, batch)
        metrics.append({name: float(v) for name, v in values.items()})
    return current, metrics


def assert_equal_trees(a, b):
    assert jax.tree.structure(a) == jax.tree.structure(b)
    for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        np.testing.assert_array_equal(x, y)


def test_golden_loss_curve(golden, pairs):
    """Ten steps of the student; after a known change, write `losses` anew."""
    student = variants.build("student")
    objective = reference(student, WEIGHTS, ())
    _, metrics = run(student, pairs, 10, objective=objective)
    losses = [m["loss"] for m in metrics]
    expected = np.loadtxt(golden / "student_losses.txt")
    np.testing.assert_allclose(losses, expected, rtol=2e-3)


def test_four_devices_equal_one(pairs):
    assert jax.device_count() >= 4
    one = jax.make_mesh((1,), ("data",), (AxisType.Auto,), devices=jax.devices()[:1])
    many, many_metrics = run(SMALL, pairs, 3)
    single, single_metrics = run(SMALL, pairs, 3, mesh=one)
    for a, b in zip(many_metrics, single_metrics, strict=True):
        assert a == pytest.approx(b, rel=1e-4)
    # Adam divides by the gradient's size, so tiny gradients lose digits: lr is 1e-3.
    for x, y in zip(
        jax.tree.leaves(many.params), jax.tree.leaves(single.params), strict=True
    ):
        np.testing.assert_allclose(x, y, atol=2e-4)


def test_loss_is_the_weighted_sum_of_its_terms(pairs):
    weights = {"l1": 1.0, "ssim": 0.5, "gradient": 2.0, "charbonnier": 0.0}
    _, metrics = run(SMALL, pairs, 1, objective=reference(SMALL, weights, ()))
    values = metrics[0]
    assert "charbonnier" not in values
    total = sum(weights[n] * values[n] for n in ("l1", "ssim", "gradient"))
    assert values["loss"] == pytest.approx(total, rel=1e-5)
    assert values["lr"] == pytest.approx(1e-3)
    assert values["grad_norm"] > 0


def test_ema_follows_the_parameters(pairs):
    start, _, _ = make()
    after, _ = run(SMALL, pairs, 1)
    rate = 1 - 1 / 10  # early on: 1 - (1 + t) / (10 + t)
    expected = jax.tree.map(lambda a, b: a + rate * (b - a), start.ema, after.params)
    for x, y in zip(jax.tree.leaves(expected), jax.tree.leaves(after.ema), strict=True):
        np.testing.assert_allclose(x, y, atol=1e-6)
    assert int(after.step) == 1


def test_a_step_is_plain_arithmetic():
    # One number for a network, and the mean of (w - step - high)^2 for a loss.
    def objective(params, frozen, low, high):
        square = (params["w"] - high.mean((1, 2, 3))) ** 2
        return objectives.Losses(square, {"square": square})

    def prepare(at, frozen, batch):
        return {name: at + images for name, images in batch.items()}

    falling, mesh = optax.linear_schedule(0.1, 0.0, 10), sharding.make_mesh()
    sgd, most = optax.sgd(falling), 0.15
    advance = step.make_step(objective, sgd, falling, most, mesh, prepare=prepare)
    high = np.linspace(0.2, 0.8, 4, dtype=np.float32).reshape(4, 1, 1, 1)
    high = high.repeat(3, -1)
    current = state.create({"w": jnp.float32(5.0)}, sgd)
    w = ema = 5.0
    for at, decay in enumerate((0.1, most, most)):  # (1 + t) / (10 + t) at first
        gap = w - at - high
        current, metrics = advance(current, {}, {"low": high, "high": high})
        lr, slope = 0.1 * (1 - at / 10), 2 * gap.mean()
        w -= lr * slope
        ema = decay * ema + (1 - decay) * w
        expected = {"loss": (gap**2).mean(), "grad_norm": abs(slope), "lr": lr}
        expected["square"] = expected["loss"]
        found = {name: float(value) for name, value in metrics.items()}
        assert found == pytest.approx(expected, rel=1e-5)
        assert float(current.params["w"]) == pytest.approx(w, rel=1e-5)
        assert float(current.ema["w"]) == pytest.approx(ema, rel=1e-5)


@pytest.mark.parametrize("normalisation", ["literal", "unit_l2", "l1"])
def test_distillation_pulls_towards_a_frozen_teacher(pairs, normalisation):
    teacher = GradientGuided(2, 16)
    frozen = {"teacher": variants.init(teacher, 1)}
    before = jax.tree.map(np.asarray, frozen["teacher"])
    objective = distilled(
        SMALL,
        teacher,
        {"l1": 1e-6},
        (),
        weight={"literal": 1e8, "unit_l2": 10.0, "l1": 10.0}[normalisation],
        stages=((-1, -1), (0, 0)),
        normalisation=normalisation,
    )
    _, metrics = run(SMALL, pairs, 25, objective=objective, frozen=frozen)
    distances = [m["distillation"] for m in metrics]
    assert np.mean(distances[-5:]) < 0.8 * np.mean(distances[:5])
    assert_equal_trees(frozen["teacher"], before)


def test_accumulated_parts_equal_the_whole_batch(pairs):
    adam = optimizer.adam(optax.constant_schedule(1e-3))
    mesh = jax.make_mesh((1,), ("data",), (AxisType.Auto,), devices=jax.devices()[:1])
    order = Order(0, pairs.sizes, [Stage(0, 32, 4)])
    batch = next(memory.batches(pairs, order, 0, 1))
    results = []
    for model, parts in ((SMALL, 1), (SMALL, 4), (SMALL.clone(remat=True), 2)):
        advance = step.make_step(
            reference(model, WEIGHTS, ()),
            adam,
            optax.constant_schedule(1e-3),
            0.9,
            mesh,
            accumulate=parts,
        )
        current = state.create(variants.init(SMALL, 0), adam)
        current, metrics = advance(current, {}, batch)
        moments = jax.tree.leaves(current.opt_state, is_leaf=_is_adam)
        results.append((metrics, next(m.mu for m in moments if _is_adam(m))))
    for metrics, gradient in results[1:]:
        for name, value in results[0][0].items():
            assert float(metrics[name]) == pytest.approx(float(value), rel=1e-5)
        for x, y in zip(
            jax.tree.leaves(gradient), jax.tree.leaves(results[0][1]), strict=True
        ):
            np.testing.assert_allclose(x, y, atol=1e-6)


def test_the_outputs_and_both_branches_can_be_distilled(pairs):
    student, teacher = GradientGuided(1, 8), GradientGuided(2, 16)
    params = variants.init(student, 0)
    frozen = {"teacher": variants.init(teacher, 1)}
    low, high = (to_float(jnp.asarray(x[None, :32, :48])) for x in pairs[0])

    def losses_with(**options):
        options = {"stages": ((-1, -1),), "normalisation": "unit_l2"} | options
        objective = distilled(student, teacher, {"l1": 1.0}, (), weight=0.2, **options)
        return objective(params, frozen, low, high)

    plain = losses_with()
    both = losses_with(branches=("enhancement", "gradient"), output_weight=0.5)
    only = losses_with(branches=("gradient",))
    np.testing.assert_allclose(
        both.terms["distillation"],
        (plain.terms["distillation"] + only.terms["distillation"]) / 2,
        rtol=1e-5,
    )
    aim = jnp.clip(answer(teacher, frozen["teacher"], low).enhanced, 0, 1)
    expected = jnp.abs(answer(student, params, low).enhanced - aim).mean((1, 2, 3))
    np.testing.assert_allclose(both.terms["teacher_l1"], expected, rtol=1e-5)
    np.testing.assert_allclose(
        both.total,
        both.terms["l1"] + 0.2 * both.terms["distillation"] + 0.5 * expected,
        rtol=1e-5,
    )
    with pytest.raises(InputError, match="unknown branch 'colour'"):
        losses_with(branches=("colour",))


@pytest.mark.parametrize(("width", "count"), [(32, 8), (48, 4)])
def test_the_picture_to_copy_can_be_the_mean_over_positions(pairs, width, count):
    teacher = GradientGuided(2, 16)
    params = variants.init(teacher, 1)
    low, high = (to_float(jnp.asarray(x[None, :32, :width])) for x in pairs[0])

    def alone(image):
        return np.asarray(answer(teacher, params, jnp.asarray(image)[None]).enhanced[0])

    aim = objectives.ensembled_answer(teacher, params, low)
    if count == 8:
        expected = ensembled(alone)(np.asarray(low[0]))
    else:
        turns = [(slice(None, None, y), slice(None, None, x)) for y, x in SIGNS]
        expected = np.mean([alone(low[0][t]).clip(0, 1)[t] for t in turns], axis=0)
    np.testing.assert_allclose(aim[0], expected, atol=1e-5)
    assert np.abs(aim[0] - alone(low[0]).clip(0, 1)).max() > 1e-3

    student = variants.init(SMALL, 0)
    objective = distilled(
        *(SMALL, teacher, {"l1": 1.0}, ()),
        **{"weight": 0.0, "output_weight": 1.0, "ensemble": True},
    )
    terms = objective(student, {"teacher": params}, low, high).terms
    gap = jnp.abs(answer(SMALL, student, low).enhanced - aim).mean()
    np.testing.assert_allclose(terms["teacher_l1"][0], gap, rtol=1e-5)
    with pytest.raises(InputError, match=r"give it a weight by distillation\.output"):
        distilled(SMALL, teacher, {"l1": 1.0}, (), weight=1.0, ensemble=True)


def test_schedules():
    halving = optimizer.schedule("halving", 2e-4, 50_000, every=25_000)
    for at, factor in ((0, 1), (24_999, 1), (25_000, 0.5), (49_999, 0.5)):
        assert float(halving(at)) == pytest.approx(2e-4 * factor)
    cosine = optimizer.schedule("cosine", 1e-3, 100, warmup=10)
    assert float(cosine(0)) == 0
    assert float(cosine(10)) == pytest.approx(1e-3)
    assert float(cosine(55)) == pytest.approx(0.5e-3)
    assert float(cosine(100)) == pytest.approx(0, abs=1e-9)
    steady = optimizer.schedule("constant", 1e-3, 0)  # of a run that only compiles
    assert float(steady(0)) == float(steady(99)) == pytest.approx(1e-3)
    warmed = optimizer.schedule("constant", 1e-3, 100, warmup=10)
    expected = (0, 0.5e-3, 1e-3, 1e-3)
    assert [float(warmed(at)) for at in (0, 5, 10, 99)] == pytest.approx(expected)
    for name in ("constant", "cosine"):
        with pytest.raises(InputError, match="warmup 100 must be less"):
            optimizer.schedule(name, 1e-3, 100, warmup=100)
    with pytest.raises(InputError, match="known schedules: constant, halving"):
        optimizer.schedule("linear", 1e-3, 100)


def test_muon_makes_updates_of_kernels_orthogonal_and_leaves_the_rest_to_adam():
    random = np.random.default_rng(0)
    shapes = {"inner": (3, 3, 16, 16), "first": (3, 3, 3, 16), "last": (3, 3, 16, 3)}
    shapes["bias"] = (16,)
    grads = {n: jnp.asarray(random.normal(size=s), "f4") for n, s in shapes.items()}
    steady = optax.constant_schedule(1e-3)
    updates = []
    for method in (optimizer.optimizer("muon", steady), optax.nadam(steady)):
        updates.append(method.update(grads, method.init(grads), grads)[0])
    for name in ("first", "last", "bias"):
        np.testing.assert_allclose(*(update[name] for update in updates), rtol=1e-5)
    matrix = np.asarray(updates[0]["inner"]).reshape(144, 16)
    sizes = np.linalg.svd(matrix, compute_uv=False)
    assert sizes.max() < 2 * sizes.min()  # of the gradient itself 2 or more
    assert np.sqrt((matrix**2).mean()) == pytest.approx(0.2 * 1e-3, rel=0.3)
    with pytest.raises(InputError, match="known optimizers: adam, muon"):
        optimizer.optimizer("sgd", steady)


@pytest.mark.parametrize("name", ["adam", "muon"])
def test_only_the_named_parameters_move(name):
    random = np.random.default_rng(0)
    conv, attention = (random.normal(size=(side, side, 8, 8)) for side in (3, 1))
    # A clip by the norm of all would see the large gradient that is not used.
    grads = {
        "conv": {"kernel": jnp.asarray(1e6 * conv, "f4")},
        "attention": {"kernel": jnp.asarray(attention, "f4")},
    }
    steady = optax.constant_schedule(1e-3)

    def update(gradients, **options):
        method = optimizer.optimizer(name, steady, clip_norm=1.0, **options)
        return method.update(gradients, method.init(gradients), gradients)[0]

    moved = update(grads, only="attention")
    assert not np.any(moved["conv"]["kernel"])
    alone = update({"attention": grads["attention"]})["attention"]["kernel"]
    np.testing.assert_array_equal(moved["attention"]["kernel"], alone)
    assert np.any(alone)
    everything = update(grads, only="kernel")
    jax.tree.map(np.testing.assert_array_equal, everything, update(grads))
    with pytest.raises(InputError, match=r"optimizer\.only is 'atention'"):
        update(grads, only="atention")


def test_clipping_bounds_the_update():
    grads = {"w": jnp.full((4,), 100.0)}
    adam = optimizer.optimizer("adam", optax.constant_schedule(1.0), clip_norm=1.0)
    _, opt_state = adam.update(grads, adam.init(grads), grads)
    moments = next(
        s for s in jax.tree.leaves(opt_state, is_leaf=_is_adam) if _is_adam(s)
    )
    assert float(optax.tree.norm(moments.mu)) == pytest.approx(0.1, rel=1e-5)


def _is_adam(node):
    return isinstance(node, optax.ScaleByAdamState)


class Run:
    """A small run in a folder, as experiment.py puts one together."""

    def __init__(
        self,
        folder,
        pairs,
        *,
        lr=1e-3,
        save_every=4,
        stop_at=None,
        stop_in=None,
        impatient=False,
    ):
        self.folder, self.pairs, self.lr = folder, pairs, lr
        # A signal comes while it scores after `stop_at`, or in step `stop_in`, and, if
        # it is `impatient`, once more while the state is being saved.
        self.save_every, self.stop_at, self.stop_in = save_every, stop_at, stop_in
        self.impatient = impatient
        self.scored = []

    def train(self, total):
        current, advance, mesh = make(lr=self.lr)
        _, later, _ = make(objective=L1, lr=self.lr)
        order = Order(0, self.pairs.sizes, [Stage(0, 32, 4), Stage(6, 48, 4)])
        with Checkpoints(self.folder) as checkpoints:
            if checkpoints.latest() is not None:
                current = checkpoints.restore(current)
            start = int(current.step)
            hooks = loop.Hooks(
                save=lambda at, s: checkpoints.save(at, s, {"lr": self.lr}),
                saved=lambda: self.wait_for(checkpoints),
                evaluate=self.score,
                files_of=lambda at: [self.pairs.names[i] for i in order.draw(at).index],
                log_every=2,
                evaluate_every=4,
                save_every=self.save_every,
            )
            return loop.train(
                current,
                {},
                [loop.Phase(0, advance), loop.Phase(5, later)],
                self.batches(order, start, total),
                total,
                mesh,
                Writer(self.folder, start, total),
                hooks,
            )

    def batches(self, order, start, total):
        with closing(memory.batches(self.pairs, order, start, total)) as batches:
            for step, batch in enumerate(batches, start + 1):
                if step == self.stop_in:
                    os.kill(os.getpid(), signal.SIGTERM)
                yield batch

    def wait_for(self, checkpoints):
        if self.impatient:
            self.impatient = False
            os.kill(os.getpid(), signal.SIGTERM)
        checkpoints.wait()

    def score(self, at, current):
        del current
        self.scored.append(at)
        if at == self.stop_at:
            os.kill(os.getpid(), signal.SIGTERM)


def test_resumed_run_equals_uninterrupted_bit_for_bit(tmp_path, pairs):
    whole = Run(tmp_path / "whole", pairs)
    expected = whole.train(10)
    assert whole.scored == [4, 8, 10]
    with Checkpoints(tmp_path / "whole") as checkpoints:
        assert checkpoints.latest() == 10
    killed = Run(tmp_path / "killed", pairs, stop_at=4)
    with pytest.raises(Interrupted, match="stopped by SIGTERM at step 5"):
        killed.train(10)
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    assert_equal_trees(Run(tmp_path / "killed", pairs).train(10), expected)
    records = [
        [{k: r[k] for k in ("step", "loss", "l1") if k in r} for r in read_metrics(at)]
        for at in (tmp_path / "whole", tmp_path / "killed")
    ]
    # The leg that was stopped at step 5 logged 2 and 4; the rest is the same.
    assert [r for r in records[0] if r["step"] != 6] == [
        r for r in records[1] if r["step"] != 6
    ]


def test_no_score_is_lost_to_a_signal(tmp_path, pairs):
    stopped = Run(tmp_path, pairs, stop_in=4)
    with pytest.raises(Interrupted, match="at step 4"):
        stopped.train(8)
    assert stopped.scored == [4]
    rest = Run(tmp_path, pairs)
    rest.train(8)
    # That 4 has its score is for the hook to know (`held_out.scorer`).
    assert rest.scored == [4, 8]


def test_a_second_signal_does_not_cost_the_checkpoint(tmp_path, pairs):
    stopped = Run(tmp_path, pairs, stop_in=1, impatient=True)
    with pytest.raises(Interrupted, match="at step 1"):
        stopped.train(8)
    assert not stopped.impatient
    with Checkpoints(tmp_path) as checkpoints:
        assert checkpoints.latest() == 1


def test_a_signal_with_the_last_step_is_not_swallowed(tmp_path, pairs):
    """Else a student would be trained after the teacher that was to stop."""
    with pytest.raises(Interrupted, match="at step 4"):
        Run(tmp_path, pairs, stop_at=4).train(4)


def full():
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_checkpoint_that_fails_at_the_end_does_not_hide_the_reason(
    tmp_path, monkeypatch
):
    def fail():
        with Checkpoints(tmp_path) as checkpoints:
            monkeypatch.setattr(checkpoints._manager, "close", full)
            raise InputError("the loss is nan")

    with pytest.raises(InputError, match="the loss is nan"):
        fail()


@pytest.mark.parametrize("stop_in", [2, None])
def test_a_state_that_could_not_be_saved_is_told(tmp_path, pairs, monkeypatch, stop_in):
    """After a signal, too: it is not to say that the run can be resumed."""
    manager = ocp.CheckpointManager
    monkeypatch.setattr(manager, "wait_until_finished", lambda self: full())
    with pytest.raises(InputError, match=r"cannot save a checkpoint .* disk is full"):
        Run(tmp_path, pairs, stop_in=stop_in).train(8)


def test_a_workdir_that_cannot_be_is_one_line(tmp_path):
    (tmp_path / "file").touch()
    for workdir in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(InputError, match=r"cannot save a checkpoint .*Not a dir"):
            Checkpoints(workdir)


def test_records_after_the_last_checkpoint_are_dropped(tmp_path, pairs):
    Run(tmp_path, pairs, save_every=4).train(4)
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"step": 6, "loss": 1.0}\n{"step": 7, "lo')
    Run(tmp_path, pairs).train(6)
    assert [r["step"] for r in read_metrics(tmp_path)] == [2, 4, 6]


def test_phase_change_is_seen_in_the_terms(tmp_path, pairs):
    Run(tmp_path, pairs).train(8)
    terms = {r["step"]: set(r) for r in read_metrics(tmp_path) if "loss" in r}
    assert "ssim" in terms[4]
    assert "ssim" not in terms[6]  # of its two steps the second is of the new phase
    assert "ssim" not in terms[8]


def test_what_is_logged_is_the_mean_since_the_last_and_of_one_phase(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    meter = loop._Meter(lambda at: ())

    def add(**metrics):
        values = {"grad_norm": 1.0, **metrics}
        meter.add(1, {name: jnp.float32(value) for name, value in values.items()}, 4)

    add(loss=1.0, ssim=0.5)
    add(loss=4.0, ssim=0.7)
    with meter.paused():
        clock[0] += 50.0
    clock[0], meter.waited = clock[0] + 2.0, 0.5
    means = {"loss": 2.5, "ssim": 0.6, "grad_norm": 1.0}
    assert meter.take() == pytest.approx(
        {**means, "images_per_s": 4.0, "data_wait": 0.25}
    )
    add(loss=9.0, ssim=0.5)
    add(loss=6.0)  # a phase without it began
    clock[0] += 1.0
    assert meter.take() == pytest.approx(
        {"loss": 6.0, "grad_norm": 1.0, "images_per_s": 8.0, "data_wait": 0.0}
    )


def test_nan_stops_naming_step_and_files(tmp_path, pairs):
    Run(tmp_path, pairs).train(3)
    # One that would be saved, but not logged, with the first loss that is NaN.
    broken = Run(tmp_path, pairs, lr=float("nan"), save_every=5)
    order = Order(0, pairs.sizes, [Stage(0, 32, 4)])
    # Step 4 spoils the parameters, so the loss of step 5 is the first that is NaN.
    files = ", ".join(pairs.names[i] for i in order.draw(4).index)
    with pytest.raises(InputError, match=r"loss nan .* at step 5 \(batch: ") as error:
        broken.train(10)
    assert files in str(error.value)
    # Though `error` keeps alive what the loop had at hand: nothing is read any more.
    assert "lled-batches" not in {thread.name for thread in threading.enumerate()}
    with Checkpoints(tmp_path) as checkpoints:
        assert checkpoints.latest() == 3


def test_damaged_checkpoint_is_named(tmp_path, pairs):
    Run(tmp_path, pairs).train(4)
    data = [p for p in (tmp_path / "checkpoints/4/state").rglob("*") if p.is_file()]
    for path in data:
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(InputError, match=r"checkpoints/4 cannot be read .* delete"):
        Run(tmp_path, pairs).train(8)


@pytest.mark.parametrize("item", ["state", "ema"])
def test_a_number_that_changed_on_disk_is_found(tmp_path, item):
    params = {"kernel": jax.random.normal(jax.random.key(0), (64, 64))}
    saved = state.create(params, optimizer.adam(optax.constant_schedule(1e-3)))
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.save(4, saved, {})
    files = (tmp_path / "checkpoints/4" / item).rglob("d/*")
    numbers = max(files, key=lambda path: path.stat().st_size)
    content = bytearray(numbers.read_bytes())
    content[len(content) // 2] ^= 255
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.restore(saved)
    numbers.write_bytes(content)
    with Checkpoints(tmp_path) as checkpoints:
        told = rf"checkpoints/4 cannot be read \({item}: not the numbers .* delete"
        with pytest.raises(InputError, match=told):
            checkpoints.restore(saved)


def test_what_a_crash_left_is_no_checkpoint(tmp_path, pairs):
    assert not begun(tmp_path)
    (tmp_path / "checkpoints" / "4.orbax-checkpoint-tmp").mkdir(parents=True)
    assert not begun(tmp_path)
    Run(tmp_path, pairs).train(4)
    assert begun(tmp_path)


def test_no_checkpoint_is_said(tmp_path):
    with Checkpoints(tmp_path) as checkpoints:
        assert checkpoints.latest() is None
        with pytest.raises(InputError, match="train first"):
            checkpoints.config()


def test_batch_must_divide_over_the_devices():
    with pytest.raises(InputError, match="batch 3 does not divide over 4 devices"):
        sharding.check_batch(3, sharding.make_mesh())


def test_a_checkpoint_that_will_not_fit_is_refused(tmp_path, pairs, monkeypatch):
    Run(tmp_path, pairs).train(4)
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage)
    with pytest.raises(InputError, match=r"checkpoints: it needs .* MiB left; free"):
        Run(tmp_path, pairs).train(8)
    with Checkpoints(tmp_path) as checkpoints:
        assert checkpoints.latest() == 4


def test_a_checkpoint_whose_folder_is_gone_is_one_line(tmp_path):
    current, _, _ = make()
    with Checkpoints(tmp_path) as checkpoints:
        shutil.rmtree(tmp_path / "checkpoints")
        with pytest.raises(
            InputError, match=r"checkpoints: .*No such file.* written to"
        ):
            checkpoints.save(1, current, {})
