"""Several processes train as one does: real ones, joined on this machine's CPU."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import jax
import numpy as np
import optax
import pytest

from configs import lol_cpu
from lled_jax import experiment, held_out, weights_file
from lled_jax.cli import distributed
from lled_jax.data import synthetic
from lled_jax.errors import InputError, Interrupted
from lled_jax.evaluation import evaluate
from lled_jax.models import variants
from lled_jax.training import sharding
from lled_jax.training.checkpoints import Checkpoints
from lled_jax.training.loop import LAG
from lled_jax.training.records import read_metrics
from lled_jax.training.state import create
from lled_jax.training.writer import Writer

ROOT = Path(__file__).parent.parent
STEPS, KILLED = 8, 3
# The same run by flags and by hand.
SETTINGS = {
    "data.root": "demo",
    "data.crop": 32,
    "data.later": (),
    "data.holdout": 0.05,
    "total_steps": STEPS,
    "optimizer.warmup": 1,
    "log.every": 1,
    "log.evaluate_every": 0,
    "log.evaluate_images": 0,
    "log.save_every": 0,
}
SCORED = {"log.evaluate_images": 2}
# train.py, where process 1 receives a signal during step KILLED.
KILLED_SCRIPT = f"""
import os, runpy, signal, sys
from lled_jax.training.writer import Writer
steps = []
def advance(self):
    steps.append(1)
    if len(steps) == {KILLED} and "--process_id=1" in sys.argv:
        os.kill(os.getpid(), signal.SIGTERM)
Writer.advance = advance
runpy.run_path("train.py", run_name="__main__")
"""


def one_process(workdir, **changes):
    """On this process's four devices."""
    config = lol_cpu.get_config()
    config.update_from_flattened_dict(SETTINGS | changes)
    experiment.train(config, workdir)


def two_processes(workdir, *, script=("train.py",), **changes):
    """Of two devices each; their exit statuses and what they said."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    settings = SETTINGS | changes
    command = [
        *(sys.executable, *script, "--config=configs/lol_cpu.py"),
        *(f"--config.{key}={value}" for key, value in settings.items()),
        *(f"--workdir={workdir}", f"--coordinator=localhost:{port}", "--processes=2"),
    ]
    devices = {"XLA_FLAGS": "--xla_force_host_platform_device_count=2"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    started = [
        subprocess.Popen(
            [*command, f"--process_id={i}"], cwd=ROOT, env=os.environ | devices, **pipes
        )
        for i in range(2)
    ]
    try:
        said = [process.communicate(timeout=240) for process in started]
    finally:
        for process in started:
            process.kill()  # a deadlock must not outlive the test
    return SimpleNamespace(
        status=[process.returncode for process in started],
        out=[out for out, _ in said],
        err=[err for _, err in said],
    )


def devices(count, workdir, **changes):
    """A process of `count` devices, started."""
    settings = SETTINGS | changes
    command = [
        *(sys.executable, "train.py", "--config=configs/lol_cpu.py"),
        *(f"--config.{key}={value}" for key, value in settings.items()),
        f"--workdir={workdir}",
    ]
    flags = {"XLA_FLAGS": f"--xla_force_host_platform_device_count={count}"}
    return subprocess.Popen(
        command, cwd=ROOT, env=os.environ | flags, stdout=subprocess.PIPE, text=True
    )


def assert_same_run(workdir, expected):
    """The losses that `workdir` logged, and its final parameters."""
    losses = [
        {r["step"]: r["loss"] for r in read_metrics(at) if "loss" in r}
        for at in (workdir, expected)
    ]
    assert max(losses[0]) == STEPS
    for step, loss in losses[0].items():
        assert loss == pytest.approx(losses[1][step], rel=1e-4), step
    trees = [
        jax.tree.leaves(weights_file.read(at / experiment.FINAL)[1])
        for at in (workdir, expected)
    ]
    # Adam divides by the gradient's size, so tiny gradients lose digits: lr is 6e-4.
    for a, b in zip(*trees, strict=True):
        np.testing.assert_allclose(a, b, atol=2e-4)


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """The uninterrupted run of one process."""
    workdir = tmp_path_factory.mktemp("one")
    one_process(workdir, **SCORED)
    return workdir


def test_two_processes_equal_one(tmp_path, expected):
    ended = two_processes(tmp_path, **SCORED)
    assert ended.status == [0, 0], ended.err
    assert_same_run(tmp_path, expected)
    assert "4 cpu device(s)" in ended.out[0]
    # Only the first tells and writes; Gloo tells of its connections in any process.
    assert "training pairs" not in ended.out[1]
    assert "loss" not in ended.out[1]
    last, reference = (read_metrics(at)[-1] for at in (tmp_path, expected))
    for name in ("holdout_psnr", "holdout_ssim"):
        assert last[name] == pytest.approx(reference[name], rel=1e-3)
    for path in expected.iterdir():
        assert (tmp_path / path.name).exists(), path.name
    boards = [len(list((at / "tensorboard").iterdir())) for at in (tmp_path, expected)]
    assert boards[0] == boards[1]


def run_of(model, workdir, seed):
    """A run's workdir, as far as others read it."""
    params = variants.init(variants.build(model), seed)
    with Checkpoints(workdir) as checkpoints:
        checkpoints.save(
            0, create(params, optax.sgd(0.1)), {"model": model, "total_steps": 1}
        )
    return str(workdir)


def test_two_processes_begin_with_and_learn_from_runs(tmp_path):
    changes = {
        "model": "hdrnet_student",
        "init": run_of("hdrnet_student", tmp_path / "begin", 1),
        "teacher": run_of("hdrnet_teacher", tmp_path / "teacher", 2),
        "distillation.start": 0,
    }
    one_process(tmp_path / "one", **changes)
    ended = two_processes(tmp_path / "two", **changes)
    assert ended.status == [0, 0], ended.err
    assert f"taught by {tmp_path}/teacher" in ended.out[0]
    assert_same_run(tmp_path / "two", tmp_path / "one")


def test_eight_devices_equal_one(tmp_path):
    changes = {"data.batch": 8, "data.exposure": 0.5}
    runs = {n: devices(n, tmp_path / str(n), **changes) for n in (1, 8)}
    for count, run in runs.items():
        said, _ = run.communicate(timeout=240)
        assert run.returncode == 0
        assert f"{count} cpu device(s)" in said
    assert_same_run(tmp_path / "8", tmp_path / "1")


def test_a_signal_to_one_of_two_stops_both_and_one_resumes(tmp_path, expected):
    ended = two_processes(tmp_path, script=("-c", KILLED_SCRIPT))
    assert ended.status == [128 + signal.SIGTERM] * 2, ended.err
    stopped = KILLED + LAG
    for err in ended.err:
        assert f"stopped by SIGTERM at step {stopped}; run the same" in err
    with Checkpoints(tmp_path) as checkpoints:
        assert checkpoints.latest() == stopped
    one_process(tmp_path)
    assert_same_run(tmp_path, expected)


def test_two_processes_resume_what_one_began(tmp_path, expected, monkeypatch):
    def kill_once(self):
        monkeypatch.undo()
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(Writer, "advance", kill_once)
    with pytest.raises(Interrupted, match="at step 1"):
        one_process(tmp_path)
    ended = two_processes(tmp_path)
    assert ended.status == [0, 0], ended.err
    assert "resuming at step 1" in ended.out[0]
    assert_same_run(tmp_path, expected)


def test_each_image_is_scored_by_one_process(tmp_path, monkeypatch):
    pairs = synthetic.demo("test").subset(np.arange(3))
    columns = held_out.COLUMNS

    def enhance(low):
        return low.astype(np.float32) / 255

    whole = evaluate(pairs, enhance, columns=columns)
    names, sums = [], []
    # One after another; the last of the four has no pair and sees the whole sum.
    monkeypatch.setattr(held_out, "total", lambda s: sums.append(s) or sum(sums))
    for i in range(4):
        share = pairs.subset(np.arange(i, 3, 4))
        means = held_out._means(share, enhance, lambda name, *_: names.append(name))
    assert names == list(pairs.names)
    assert means == pytest.approx({name: whole.means[name] for name in columns})


def test_a_process_alone_agrees_at_once():
    agreement = sharding.Agreement(sharding.make_mesh(), 2)
    assert [agreement.on(n) for n in (0, 15, 2)] == [0, 15, 2]


def test_unequal_devices_are_refused(monkeypatch):
    devices = [SimpleNamespace(process_index=i) for i in (0, 0, 1)]
    monkeypatch.setattr(jax, "devices", lambda: devices)
    with pytest.raises(InputError, match=r"processes have \[2, 1\] devices"):
        sharding.make_mesh()


@pytest.fixture
def joined(monkeypatch):
    """The calls of jax.distributed.initialize, in an environment of no cluster."""
    for name in list(os.environ):
        if name.startswith(("SLURM_", "OMPI_", "TPU_", "MEGASCALE_", "KUBERNETES_")):
            monkeypatch.delenv(name)
    calls = []
    monkeypatch.setattr(
        jax.distributed, "initialize", lambda *a, **options: calls.append((a, options))
    )
    monkeypatch.setattr(jax.config, "update", lambda *_: None)
    monkeypatch.setattr(distributed, "_installed", lambda package: False)
    return calls


def test_flags_say_whom_to_join(joined, monkeypatch):
    monkeypatch.setenv("SLURM_PROCID", "0")
    monkeypatch.setenv("SLURM_STEP_NUM_TASKS", "8")
    distributed.initialise("node1:1234", 2, 1)
    ((arguments, options),) = joined
    assert arguments == ("node1:1234", 2, 1)
    assert options["cluster_detection_method"] == "deactivate"


def test_nothing_is_joined_where_nothing_is(joined, monkeypatch):
    distributed.initialise()
    monkeypatch.setenv("SLURM_PROCID", "0")
    monkeypatch.setenv("SLURM_STEP_NUM_TASKS", "1")  # an interactive shell
    distributed.initialise()
    monkeypatch.setenv("SLURM_STEP_NUM_TASKS", "8")
    distributed.initialise(processes=1)
    assert joined == []
    distributed.initialise()
    assert joined[0][0] == (None, None, None)


@pytest.mark.parametrize(
    ("environment", "installed", "found"),
    [
        ({}, (), None),
        ({"SLURM_PROCID": "3", "SLURM_STEP_NUM_TASKS": "8"}, (), "SLURM"),
        ({"SLURM_JOB_ID": "1", "SLURM_NTASKS": "8"}, (), None),  # the batch script
        (
            {"OMPI_COMM_WORLD_SIZE": "2", "OMPI_MCA_orte_hnp_uri": "x"},
            (),
            "Open MPI",
        ),
        ({"TPU_WORKER_HOSTNAMES": "a,b"}, ("libtpu",), "Cloud TPU"),
        ({"TPU_WORKER_HOSTNAMES": "localhost"}, ("libtpu",), None),
        ({"TPU_WORKER_HOSTNAMES": "a,b"}, (), None),
        ({"MEGASCALE_COORDINATOR_ADDRESS": "a"}, ("libtpu",), "Cloud TPU"),
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, ("kubernetes",), None),
        (
            {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "JOB_COMPLETION_INDEX": "0"},
            ("kubernetes",),
            "Kubernetes",
        ),
    ],
)
def test_clusters_are_found(monkeypatch, environment, installed, found):
    monkeypatch.setattr(distributed, "_installed", lambda package: package in installed)
    assert distributed.find_cluster(environment) == found


def test_open_mpi_5_is_told_what_to_do():
    with pytest.raises(InputError, match=r"Open MPI 5 .* --coordinator"):
        distributed.find_cluster({"OMPI_COMM_WORLD_SIZE": "2"})


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("a:1", None, None), "--processes and --process_id missing"),
        ((None, 2, None), "--coordinator and --process_id missing"),
        ((None, None, 0), "--coordinator and --processes missing"),
        (("a", 2, 0), "'a' must be host:port"),
        (("a:port", 2, 0), "'a:port' must be host:port"),
        (("a:1", 2, 2), "--process_id 2 of --processes 2: count"),
        (("a:1", 0, 0), "--process_id 0 of --processes 0: count"),
        ((None, 1, 3), "--coordinator missing"),
    ],
)
def test_wrong_flags_are_named(joined, flags, message):
    with pytest.raises(InputError, match=message):
        distributed.initialise(*flags)
    assert joined == []


def test_a_cluster_that_cannot_be_joined_is_said(joined, monkeypatch):
    def fail(*arguments, **options):
        raise RuntimeError("no answer\nfrom anybody")

    monkeypatch.setattr(jax.distributed, "initialize", fail)
    with pytest.raises(InputError, match=r"cannot join a:1: no answer from anybody; "):
        distributed.initialise("a:1", 2, 0)
