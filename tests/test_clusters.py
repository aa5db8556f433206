"""The SLURM example, with stand-ins for SLURM's commands."""

import os
import subprocess
from pathlib import Path

import pytest

import lled_jax

SCRIPT = Path(lled_jax.__file__).parent.parent / "examples/clusters/slurm.sbatch"


@pytest.mark.parametrize("status", [0, 1, 143])
def test_slurm_hands_on_the_cpus_and_queues_again_what_was_stopped(tmp_path, status):
    for name, code in (("srun", status), ("scontrol", 0)):
        stand_in = tmp_path / name
        stand_in.write_text(f'#!/bin/sh\necho {name} "$@"\nexit {code}\n')
        stand_in.chmod(0o755)
    environment = {
        "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
        "SLURM_CPUS_PER_TASK": "8",
        "SLURM_JOB_ID": "77",
    }
    done = subprocess.run(
        ["bash", SCRIPT, "--config.seed=1"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status
    run, *more = done.stdout.splitlines()
    # Which srun does not inherit from sbatch since SLURM 22.05.
    assert run.startswith("srun --cpus-per-task=8 ")
    assert run.endswith(" --config.seed=1")
    assert more == ["scontrol requeue 77"] * (status == 143)
