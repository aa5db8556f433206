"""Sizes of images on the command line."""

import re

import typer


def image_size(option: str, text: str, example: str) -> tuple[int, int]:
    """Both numbers of text such as 600x400; raises `BadParameter` that says which.

    Which of them is the width is up to the option, as its `example` shows.
    """
    match = re.fullmatch(r"([1-9]\d*)x([1-9]\d*)", text.strip())
    if not match:
        raise typer.BadParameter(f"{option}: {text!r} is no size such as {example}")
    return int(match[1]), int(match[2])
