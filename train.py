"""Train a network: ``python train.py --config configs/student.py``.

Any key of the config can be set, as in ``--config.optimizer.lr=1e-4``.  All goes to
--workdir (default: runs/<name of the config>), and the same command resumes there.
Exit status: 0 done, 1 something to mend (one line says what), 143 or 130 after SIGTERM
or Ctrl-C, with everything saved.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from absl import app, flags, logging
from ml_collections import config_flags

from lled_jax import experiment
from lled_jax.cli.process import exit_status, parse_flags

_CONFIG = config_flags.DEFINE_config_file("config", None, "A file of configs/.")
_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the run.")


def main(argv: Sequence[str]) -> None:
    """Run what the flags say; exits with the status above."""
    logging.set_verbosity(logging.WARNING)  # Orbax tells every detail otherwise
    file = config_flags.get_config_filename(flags.FLAGS["config"])
    workdir = Path(_WORKDIR.value or Path("runs") / Path(file.split(":")[0]).stem)
    sys.exit(exit_status(lambda: experiment.train(_CONFIG.value, workdir)))


if __name__ == "__main__":
    flags.mark_flag_as_required("config")
    app.run(main, flags_parser=parse_flags(flags.FLAGS))
