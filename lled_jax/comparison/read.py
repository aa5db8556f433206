"""The result folders of evaluate.py, read back."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeGuard

from lled_jax.errors import InputError
from lled_jax.results import SCORES
from lled_jax.training.records import METRICS, read_metrics

EVALUATION = "evaluation"  # where a training's workdir has its results

Record = dict[str, float]
"""A line of a training's log: finite numbers by name, "step" among them."""


@dataclass(frozen=True)
class Timing:
    """How long one image took, in milliseconds."""

    median: float
    fastest: float
    slowest: float
    size: str
    """Of the image, width x height; "" where it is not said."""


@dataclass(frozen=True)
class Run:
    """One method's results on one set of pairs."""

    name: str
    """As the tables call it; no two runs of a report share one."""

    folder: Path
    means: dict[str, float]
    images: dict[str, dict[str, float]]
    """Image -> column -> score; every image has every column of `means`."""

    protocol: tuple[str, ...]
    facts: dict[str, Any]
    """All else that scores.json holds: data, split, parameters, versions ..."""

    timing: Timing | None
    curve: tuple[Record, ...]
    """The log of its training, if it lies there."""

    def fact(self, key: str) -> str:
        """A fact as text, "" if it is not there."""
        value = self.facts.get(key)
        return "" if value is None else shown(value)


def read_runs(arguments: Sequence[str]) -> list[Run]:
    """The runs that ``[NAME=]PATH`` arguments stand for, in their order.

    A path is a result folder, a training's workdir, or a folder of such.  Without NAME
    a run is called what evaluate.py called the method, and where several share that,
    by its folder.  Raises `InputError` for a folder without results, results that
    cannot be read, and two runs of one name.
    """
    runs: list[Run] = []
    for argument in arguments:
        name, path = _split(argument)
        folders = _result_folders(path)
        if name and len(folders) > 1:
            raise InputError(
                f"{argument}: {len(folders)} results lie there; one name fits one: "
                f"give them one by one, as {name}={folders[0]}"
            )
        runs += [read(folder, name) for folder in folders]
    runs = _by_folder_where_shared(runs)
    seen: dict[str, Path] = {}
    for run in runs:
        if run.name in seen:
            raise InputError(
                f"two runs are called {run.name!r}: {seen[run.name]} and {run.folder}; "
                f"name one, as NAME={run.folder}"
            )
        seen[run.name] = run.folder
    return runs


def read(folder: Path, name: str = "") -> Run:
    """One result folder; `name` replaces the one that its scores.json gives."""
    path = folder / SCORES
    data = _load(path)
    images = {shown(name): _floats(of) for name, of in data.pop("images").items()}
    means, protocol = _floats(data.pop("means")), tuple(data.pop("protocol"))
    columns = set(means)
    for image, scores in images.items():
        if set(scores) != columns:
            odd = sorted(set(scores) ^ columns)[0]
            raise InputError(
                f"{path}: image {image!r} and the means differ in column {odd!r}: "
                "evaluate again"
            )
    facts = data if not name else {**data, "named": True}
    name = name or data.get("method") or data.get("model") or _own_name(folder)
    timing = _timing(data.get("ms_per_image"))
    curve = _curve(folder)
    return Run(shown(name), folder, means, images, protocol, facts, timing, curve)


def shown(name: object) -> str:
    """As text; bytes of a file's name that are no Unicode are escaped."""
    return str(name).encode("utf-8", "backslashreplace").decode()


def _split(argument: str) -> tuple[str, Path]:
    name, equals, path = argument.partition("=")
    if equals and not Path(argument).exists():
        return name.strip(), Path(path)
    return "", Path(argument)


def _result_folders(path: Path) -> list[Path]:
    if not path.is_dir():
        raise InputError(f"{path}: not a folder; give a result folder of evaluate.py")
    for own in (path, path / EVALUATION):
        if (own / SCORES).is_file():
            return [own]
    inner = [p for p in sorted(path.iterdir()) if p.is_dir()]
    found = [
        own
        for folder in inner
        for own in (folder, folder / EVALUATION)
        if (own / SCORES).is_file()
    ]
    if not found:
        raise InputError(
            f"{path}: no {SCORES} here; make it with evaluate.py --out {path}"
        )
    return found


def _own_name(folder: Path) -> str:
    """A workdir's name rather than "evaluation"."""
    folder = folder.absolute()
    return folder.parent.name if folder.name == EVALUATION else folder.name


def _by_folder_where_shared(runs: list[Run]) -> list[Run]:
    """Two checkpoints of one network are told apart by where they lie."""
    names = [run.name for run in runs]
    return [
        replace(run, name=shown(_own_name(run.folder)))
        if names.count(run.name) > 1 and "named" not in run.facts
        else run
        for run in runs
    ]


def _load(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        what = getattr(error, "strerror", None) or str(error)
        raise InputError(f"{path}: cannot be read ({what}); evaluate again") from error
    wrong = _what_is_wrong(data)
    if wrong:
        raise InputError(f"{path}: {wrong}; it must be as evaluate.py writes it")
    return data


def _what_is_wrong(data: Any) -> str:
    """The first thing that keeps it from being results, or ""."""
    if not isinstance(data, dict):
        return "no table of results"
    for key, kind in (("means", dict), ("images", dict), ("protocol", list)):
        if not isinstance(data.get(key), kind) or not data[key]:
            return f"no {key!r} in it"
    for scores in (data["means"], *data["images"].values()):
        if not isinstance(scores, dict):
            return "an image without scores"
        for column, score in scores.items():
            if not _is_number(score):
                return f"{column} is {score!r} and no number"
    return ""


def _floats(scores: dict[str, Any]) -> dict[str, float]:
    return {column: float(score) for column, score in scores.items()}  # JSON has ints


def _is_number(value: Any) -> TypeGuard[float]:
    ours = isinstance(value, int | float) and not isinstance(value, bool)
    return ours and math.isfinite(value)


def _timing(value: Any) -> Timing | None:
    """From ``ms_per_image``; what is not as expected is as if it were not there."""
    if not isinstance(value, dict) or not _is_number(value.get("median")):
        return None
    median = float(value["median"])
    ends = [e if _is_number(e := value.get(k)) else None for k in ("min", "max")]
    low, high = (median if e is None else float(e) for e in ends)
    return Timing(median, low, high, str(value.get("size") or ""))


def _curve(folder: Path) -> tuple[Record, ...]:
    """The training's log beside the results or one folder up; broken lines are out."""
    if not (folder / METRICS).is_file() and folder.absolute().name == EVALUATION:
        folder = folder.absolute().parent
    records = [
        {k: float(v) for k, v in record.items() if _is_number(v)}
        for record in read_metrics(folder)
    ]
    return tuple(record for record in records if "step" in record)
