"""Train a network: ``python train.py --config configs/student.py``.

Any key of the config can be set, as in ``--config.optimizer.lr=1e-4``.  All goes to
--workdir (default: runs/<name of the config>, or of a config with an argument
runs/<name>_<argument>), and the same command resumes there.
Exit status: 0 done, 1 something to mend (one line says what), 143 or 130 after SIGTERM
or Ctrl-C, with everything saved.

On several machines start it on each; docs/clusters.md has the commands.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from absl import app, flags
from ml_collections import config_flags

from lled_jax.cli.distributed import initialise
from lled_jax.cli.process import exit_status, parse_flags
from lled_jax.errors import InputError

_CONFIG = config_flags.DEFINE_config_file("config", None, "A file of configs/.")
_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the run.")
# Only where the cluster does not say it itself.
_COORDINATOR = flags.DEFINE_string("coordinator", None, "host:port of process 0.")
_PROCESSES = flags.DEFINE_integer("processes", None, "How many processes train.")
_PROCESS_ID = flags.DEFINE_integer("process_id", None, "Which this is, from 0.")


def run() -> None:
    """Do what the flags say; raises `InputError` for a config that is not there."""
    name = config_flags.get_config_filename(flags.FLAGS["config"])
    file = Path(name.partition(":")[0])
    if not file.is_file():
        there = sorted(Path("configs").glob("[!_]*.py"))
        found = ", ".join(map(str, there))
        raise InputError(f"no config file {file}; there are: {found}")
    try:
        from lled_jax import experiment
    except ModuleNotFoundError as error:
        raise InputError(
            f"training needs {error.name}: pip install 'lled-jax[train]'"
        ) from error
    initialise(_COORDINATOR.value, _PROCESSES.value, _PROCESS_ID.value)
    experiment.train(_CONFIG.value, Path(_WORKDIR.value or default_workdir(name)))


def default_workdir(config: str) -> Path:
    """Of ``configs/NAME.py:ARGUMENT``; other data, say, are another run.

    LOL is what is meant without an argument, so ``lol`` is the same run.
    """
    file, _, argument = config.partition(":")
    name = Path(argument).name
    parts = [Path(file).stem, *([name] if argument not in ("", "lol") else [])]
    return Path("runs") / "_".join(parts)


def main(argv: Sequence[str]) -> None:
    """Run; exits with the status above."""
    sys.exit(exit_status(run))


if __name__ == "__main__":
    flags.mark_flag_as_required("config")
    app.run(main, flags_parser=parse_flags(flags.FLAGS))
