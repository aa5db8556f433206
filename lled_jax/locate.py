"""What a user names on the command line: a data set, a checkpoint."""

from pathlib import Path

import jax
import numpy as np

from lled_jax import weights_file
from lled_jax.arrays import Params
from lled_jax.data import sources, synthetic
from lled_jax.data.pairs import PairSource
from lled_jax.errors import InputError
from lled_jax.models import variants
from lled_jax.shipped import SHIPPED

DEMO = "demo"
TFDS = "tfds:"


def open_source(root: str, split: str) -> PairSource:
    """The pairs of a split: of the demo set, of "tfds:NAME", or of a folder.

    Raises `InputError` if they are not there or cannot be read, or for another split
    than train and test.
    """
    if split not in ("train", "test"):
        raise InputError(f"no split is called {split!r}: name train or test")
    if root.startswith(TFDS):
        return _tfds(root.removeprefix(TFDS), split)
    return synthetic.demo(split) if root == DEMO else sources.paired_folder(root, split)


def _tfds(spec: str, split: str) -> PairSource:
    # Here, since only those who keep such sets need the library.
    try:
        from lled_jax.data.builders import reading
    except ModuleNotFoundError as error:
        raise InputError(
            f"{TFDS}{spec} needs {error.name}: pip install 'lled-jax[train]', or name "
            "a folder of pairs"
        ) from error
    return reading.open_prepared(spec, split)


def weights_path(path: Path) -> Path:
    """The path itself, or where the package's own weights of that name are.

    A name of `SHIPPED` that is a file or folder here stands for that.
    """
    if str(path) in SHIPPED and not path.exists():
        return SHIPPED[str(path)].path()
    return path


def load_weights(path: Path) -> tuple[str, Params]:
    """Variant and EMA parameters of a run's workdir or of a safetensors file.

    A name of `SHIPPED` stands for the package's own weights (`weights_path`).

    Raises `InputError` if there is neither, or it cannot be read, or not all of it is
    finite: such a network would draw black pictures.
    """
    return load_with_progress(path)[:2]


def load_with_progress(path: Path) -> tuple[str, Params, dict[str, int]]:
    """`load_weights`, and how far a run is: `step` of `total_steps`; {} for a file."""
    path = weights_path(path)
    progress: dict[str, int] = {}
    if path.is_file():
        name, params, _ = weights_file.read(path)
    else:
        name, params, progress = _of_run(path)
    if not all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(params)):
        raise InputError(
            f"{path} holds parameters that are NaN or infinite; train it again, or "
            "fetch it again"
        )
    return name, params, progress


def _of_run(path: Path) -> tuple[str, Params, dict[str, int]]:
    """Of the newest checkpoint in a run's workdir."""
    # Here, since Orbax is slow to import and weights files do not need it.
    from lled_jax.training.checkpoints import FOLDER, Checkpoints

    if not (path / FOLDER).is_dir():
        raise InputError(
            f"no checkpoint at {path}; give a run's workdir, a "
            f"{weights_file.SUFFIX} file, or {' or '.join(SHIPPED)}"
        )
    with Checkpoints(path, writes=False) as checkpoints:
        config, step = checkpoints.config(), checkpoints.latest() or 0
        params = checkpoints.ema(variants.shapes(variants.build(config["model"])))
    progress = {"step": step, "total_steps": config["total_steps"]}
    return config["model"], params, progress


def load_params(path: Path, model: str) -> Params:
    """The EMA parameters at `path`, as `load_weights`; they must be of this variant."""
    name, params = load_weights(path)
    if name != model:
        raise InputError(f"{path} holds the weights of a {name}, not of a {model}")
    return params


def results_folder(path: Path, of_weights: bool) -> Path:
    """Where the results of weights, or of a folder of pictures, go by default.

    Into a run's workdir, else beside `path`: one folder may hold several weights files.
    """
    if of_weights and path.is_dir():
        return path / "evaluation"
    path = path.with_suffix("") if path.is_file() else path
    return Path(f"{path if path.name else path.absolute()}_evaluation")
