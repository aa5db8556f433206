"""Photos without ground truth: enhance a folder of them and score by NIQE."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.console import Console

from lled_jax.contact_sheet import ContactSheet
from lled_jax.data.decode import photos_in, read_image
from lled_jax.evaluation import Evaluation, as_file
from lled_jax.extra_columns import NIQE_PROTOCOL, named_niqe
from lled_jax.files import write_png
from lled_jax.methods import Method
from lled_jax.report import print_facts, print_table, write_results
from lled_jax.timing import Timed


def score_photos(method: Method, folder: Path, out: Path) -> Evaluation:
    """Enhance the photos of `folder`; score them before and after, and write to `out`.

    The columns are niqe, of the enhanced photos, and niqe_input, of the photos as they
    were.  `out` gets scores.json, scores.csv, contact_sheet.png and enhanced/NAME.png.
    Raises `InputError` for what the user can mend.
    """
    paths = photos_in(folder)
    sheet, timed = ContactSheet(titles=("photo", "enhanced")), Timed(method.enhance)
    after, before = [], []
    for path in paths:
        low = read_image(path)
        enhanced = as_file(path.stem, timed(low), low)
        before.append(named_niqe(path.name, as_file(path.stem, low, low)))
        after.append(named_niqe(path.name, enhanced))
        sheet.add(path.stem, low, enhanced)
        write_png(out / "enhanced" / f"{path.stem}.png", enhanced)
    result = _evaluation(paths, after, before)
    facts = {**method.facts, "ms_per_image": timed.times(), "photos": str(folder)}
    write_results(result, out, facts)
    sheet.write(out / "contact_sheet.png")
    console = Console()
    print_facts(facts, console)
    print_table(result, console)
    console.print(f"\nresults: {out}", highlight=False, markup=False)
    return result


def _evaluation(
    paths: Sequence[Path], after: list[float], before: list[float]
) -> Evaluation:
    return Evaluation(
        tuple(path.stem for path in paths),
        {"niqe": np.array(after), "niqe_input": np.array(before)},
        (
            f"mean over the photos (N = {len(paths)}), each counting once; rounded to "
            "8 bit before scoring",
            NIQE_PROTOCOL,
            "niqe_input: the same, of the photo before",
        ),
    )
