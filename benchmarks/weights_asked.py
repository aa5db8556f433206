"""The weights that a benchmark is asked to compare, by name, and their networks."""

import argparse
from pathlib import Path

import timing

from lled_jax.errors import InputError
from lled_jax.evaluation import Enhance
from lled_jax.inference import enhancer
from lled_jax.locate import load_weights
from lled_jax.shipped import SHIPPED


def asked(what: str) -> argparse.Namespace:
    """The command line: which weights, on what data."""
    parser = parser_of_weights(what)
    parser.add_argument("--data", default="data/LOL")
    return parser.parse_args()


def parser_of_weights(what: str) -> argparse.ArgumentParser:
    """Of a command line that names weights, by default the shipped ones."""
    parser = timing.parser(what)
    parser.add_argument("weights", nargs="*", type=Path, default=[*map(Path, SHIPPED)])
    return parser


def named(weights: list[Path]) -> dict[str, Path]:
    """Weights by the last part of their path; `InputError` if two share it."""
    names: dict[str, Path] = {}
    for path in weights:
        name = path.name.removesuffix(".safetensors")
        if name in names:
            raise InputError(f"{names[name]} and {path} are both {name}: rename one")
        names[name] = path
    return names


def networks(weights: list[Path]) -> dict[str, Enhance]:
    """The networks by their names."""
    return {of: enhancer(*load_weights(path)) for of, path in named(weights).items()}


def methods_of(weights: list[Path]) -> dict[str, Enhance]:
    """The same, and "input", which changes nothing."""
    return {"input": lambda dark: dark, **networks(weights)}
