"""Photos without ground truth: enhance a folder of them and score by NIQE."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from rich.console import Console

from lled_jax.contact_sheet import ContactSheet
from lled_jax.data.decode import photos_in, read_image
from lled_jax.errors import InputError
from lled_jax.evaluation import Evaluation, as_file
from lled_jax.extra_columns import NIQE_PROTOCOL, named_niqe
from lled_jax.files import write_png
from lled_jax.methods import Method
from lled_jax.results import print_facts, print_table, require_own, write_results
from lled_jax.timing import Timed


def score_photos(method: Method, folder: Path, out: Path) -> Evaluation:
    """Enhance the photos of `folder`; score them before and after, and write to `out`.

    The columns are niqe, of the enhanced photos, and niqe_input, of the photos as they
    were; a photo that NIQE has no score for, such as a black one, is enhanced and named
    without.  `out` gets scores.json, scores.csv, contact_sheet.png and
    enhanced/NAME.png.  Raises `InputError` for what the user can mend.
    """
    require_own(out, photos=str(folder))
    paths = photos_in(folder)
    sheet, timed = ContactSheet(titles=("photo", "enhanced")), Timed(method.enhance)
    scores: dict[str, tuple[float, float]] = {}
    unscored: list[str] = []
    for path in paths:
        low = read_image(path)
        enhanced = as_file(path.stem, timed(low), low)
        sheet.add(path.stem, low, enhanced)
        write_png(out / "enhanced" / f"{path.stem}.png", enhanced)
        try:
            before = named_niqe(path.name, as_file(path.stem, low, low))
            scores[path.stem] = named_niqe(path.name, enhanced), before
        except InputError as error:
            unscored.append(str(error))
    if not scores:
        raise InputError(f"no photo of {folder} has a score: {unscored[0]}")
    result = _evaluation(scores)
    facts = {**method.facts, "ms_per_image": timed.times(), "photos": str(folder)}
    write_results(result, out, facts | ({"unscored": unscored} if unscored else {}))
    sheet.write(out / "contact_sheet.png")
    console = Console()
    print_facts(facts, console)
    for line in unscored:
        console.print(f"no score: {line}", highlight=False, markup=False)
    print_table(result, console)
    console.print(f"\nresults: {out}", highlight=False, markup=False)
    return result


def _evaluation(scores: Mapping[str, tuple[float, float]]) -> Evaluation:
    after, before = np.array([*scores.values()]).T
    return Evaluation(
        tuple(scores),
        {"niqe": after, "niqe_input": before},
        (
            f"mean over the photos (N = {len(scores)}), each counting once; rounded to "
            "8 bit before scoring",
            NIQE_PROTOCOL,
            "niqe_input: the same, of the photo before",
        ),
    )
