"""Every config by its name, and every row of those that have several."""

from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

from ml_collections import ConfigDict

_FOLDER = Path(__file__).parent.parent / "configs"

# A leading underscore: what configs share.
MODULES = {
    file.stem: import_module(f"configs.{file.stem}")
    for file in sorted(_FOLDER.glob("[!_]*.py"))
}


def _every() -> Iterator[tuple[str, Callable[[], ConfigDict]]]:
    for name, module in MODULES.items():
        if not hasattr(module, "ROWS"):
            yield name, module.get_config
            continue
        for row in module.ROWS:
            yield f"{name}:{row}", lambda get=module.get_config, row=row: get(row)


CONFIGS = dict(_every())
"""By names as on the command line, ``NAME`` or ``NAME:ROW``, what makes each."""
