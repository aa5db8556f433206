"""Score a method or a folder of pictures: table, result files, pictures."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from lled_jax.baselines import identity
from lled_jax.contact_sheet import ContactSheet
from lled_jax.data.pairs import PairSource
from lled_jax.data.sources import FolderPairs
from lled_jax.errors import InputError
from lled_jax.evaluation import (
    Evaluation,
    OnImage,
    Pairs,
    evaluate,
    pictures_in,
    score_pictures,
)
from lled_jax.extra_columns import (
    Extras,
    NiqeScores,
    require_finer,
    require_niqe_sizes,
    with_ensemble,
)
from lled_jax.files import write_png
from lled_jax.locate import open_source
from lled_jax.methods import Method
from lled_jax.results import print_facts, print_table, require_own, write_results
from lled_jax.timing import Timed


def score_method(
    method: Method, data: str, split: str, out: Path, extras: Extras = Extras()
) -> Evaluation:
    """Enhance a split with `method`; score it and write it to `out`.

    `data` is what `locate.open_source` takes.  `out` gets scores.json, scores.csv,
    contact_sheet.png and enhanced/NAME.png; results of other pairs it does not replace.
    Raises `InputError` for what the user can mend.
    """
    if extras.ensemble:
        require_finer(method.finer)
    require_own(out, data=data, split=split)
    source = _opened(data, split, extras)
    sheet, timed = ContactSheet(), Timed(method.enhance)

    def keep(
        image: str, low: np.ndarray, enhanced: np.ndarray, high: np.ndarray
    ) -> None:
        sheet.add(image, low, enhanced, high)
        write_png(out / "enhanced" / f"{image}.png", enhanced)

    result = _scored(lambda on: evaluate(source, timed, on_image=on), keep, extras)
    times = timed.times()
    if extras.ensemble:
        result = with_ensemble(result, source, require_finer(method.finer))
    facts = {**method.facts, "ms_per_image": times, "data": data, "split": split}
    _report(result, _untouched(source, extras), sheet, out, facts)
    return result


def score_predictions(
    folder: Path, data: str, split: str, out: Path, extras: Extras = Extras()
) -> Evaluation:
    """Score the pictures in `folder`, named like the pairs, by the same rule."""
    if extras.ensemble:
        raise InputError("--ensemble needs a method: pictures cannot be turned again")
    require_own(out, data=data, split=split)
    source = _opened(data, split, extras)
    sheet = ContactSheet()
    pictures = pictures_in(folder, source.names)
    result = _scored(
        lambda on: score_pictures(source, pictures, on_image=on), sheet.add, extras
    )
    facts = {"method": folder.resolve().name, "scored": str(folder)}
    facts |= {"data": data, "split": split}
    _report(result, _untouched(source, extras), sheet, out, facts)
    return result


def _opened(data: str, split: str, extras: Extras) -> PairSource:
    source = open_source(data, split)
    if extras.niqe:
        require_niqe_sizes(source)
    if isinstance(source, FolderPairs) and source.low[0].parents[1] == Path(data):
        note = f"{data} has no splits: these are all of its pairs, trained on or not"
        Console(stderr=True).print(note, highlight=False, markup=False)
    return source


def _scored(
    score: Callable[[OnImage | None], Evaluation], keep: OnImage | None, extras: Extras
) -> Evaluation:
    """What `score` gives with `keep` for each image, with the column niqe if wanted."""
    if not extras.niqe:
        return score(keep)
    natural = NiqeScores()

    def keep_and_add(*image: Any) -> None:
        if keep is not None:
            keep(*image)
        natural.add(*image)

    return natural.joined_to(score(keep_and_add))


def _untouched(source: Pairs, extras: Extras) -> Evaluation:
    """The scores of the dark images themselves: what every method starts from."""
    return _scored(lambda on: evaluate(source, identity, on_image=on), None, extras)


def _report(
    result: Evaluation,
    untouched: Evaluation,
    sheet: ContactSheet,
    out: Path,
    facts: Mapping[str, Any],
) -> None:
    # First the files: a closed pipe must not cost them.
    write_results(result, out, {**facts, "input_means": untouched.means})
    sheet.write(out / "contact_sheet.png")
    console = Console()
    print_facts(facts, console)
    print_table(result, console, untouched=untouched)
    console.print(f"\nresults: {out}", highlight=False, markup=False)
