"""Score a checkpoint or a folder of pictures: table, result files, pictures."""

from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from lled_jax.backends import enhancer
from lled_jax.data.decode import read_image
from lled_jax.data.pairs import PairSource
from lled_jax.evaluation import Evaluation, evaluate, pictures_in, score_pictures
from lled_jax.files import write_png
from lled_jax.locate import load_weights, open_source
from lled_jax.models import variants
from lled_jax.report import ContactSheet, print_table, write_results

# Table 4 states operations at this size, width by height.
PAPER_SIZE = (1200, 900)


def score_checkpoint(
    ckpt: Path, data: str, split: str, out: Path, backend: str = "jax"
) -> Evaluation:
    """Enhance a split with a checkpoint's EMA parameters; score and write it to `out`.

    `data` is a folder of pairs or "demo"; `backend` one of `backends.BACKENDS`.  `out`
    gets scores.json, scores.csv, contact_sheet.png and enhanced/NAME.png.  Raises
    `InputError` for what the user can mend.
    """
    source = open_source(data, split)
    name, params = load_weights(ckpt)
    width, height = PAPER_SIZE
    facts = {
        "model": name,
        "backend": backend,
        "parameters": variants.count_parameters(params),
        f"gmacs_{width}x{height}": variants.count_macs(name, height, width) / 1e9,
    }
    sheet = ContactSheet()

    def keep(
        image: str, low: np.ndarray, enhanced: np.ndarray, high: np.ndarray
    ) -> None:
        sheet.add(image, low, enhanced, high)
        write_png(out / "enhanced" / f"{image}.png", enhanced)

    result = evaluate(source, enhancer(backend, name, params), on_image=keep)
    _report(result, _untouched(source), sheet, out, facts | _about(ckpt, data, split))
    return result


def score_predictions(folder: Path, data: str, split: str, out: Path) -> Evaluation:
    """Score the pictures in `folder`, named like the pairs, by the same rule."""
    source = open_source(data, split)
    sheet = ContactSheet()
    pictures = pictures_in(folder, source.names, read_image)
    result = score_pictures(source, pictures, on_image=sheet.add)
    _report(result, _untouched(source), sheet, out, _about(folder, data, split))
    return result


def _about(scored: Path, data: str, split: str) -> dict[str, Any]:
    return {"scored": str(scored), "data": data, "split": split}


def _untouched(source: PairSource) -> Evaluation:
    """The scores of the dark images themselves: what every method starts from."""
    return evaluate(source, lambda low: low)


def _report(
    result: Evaluation,
    untouched: Evaluation,
    sheet: ContactSheet,
    out: Path,
    facts: dict[str, Any],
) -> None:
    # First the files: a closed pipe must not cost them.
    write_results(result, out, facts | {"input_means": untouched.means})
    sheet.write(out / "contact_sheet.png")
    console = Console()
    console.print(
        "  ".join(f"{key} {_short(value)}" for key, value in facts.items()),
        highlight=False,
        markup=False,
    )
    console.print()
    print_table(result, console, untouched=untouched)
    console.print(f"\nresults: {out}", highlight=False, markup=False)


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.2f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
