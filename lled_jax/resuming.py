"""Whether the run that a folder holds may go on: the same config, pairs and teacher."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lled_jax import config_schema
from lled_jax.arrays import Params
from lled_jax.data.pairs import PairSource
from lled_jax.errors import InputError
from lled_jax.weights_file import digest

# Beside the keys of the config in a checkpoint.
PAIRS, TEACHER = "pairs", "teacher_weights"


def facts(
    config: Mapping[str, Any], pairs: PairSource, teacher: Params | None = None
) -> dict[str, Any]:
    """What a checkpoint says of its run: the config, its pairs, who teaches it."""
    return {
        **config,
        PAIRS: _fingerprint(pairs),
        TEACHER: digest(teacher)[:16] if teacher else "",
    }


def check_same_run(
    old: Mapping[str, Any], new: Mapping[str, Any], workdir: Path
) -> None:
    """Raise `InputError` unless `old`, a checkpoint's facts, are of the run of `new`.

    Where pairs and teacher lie may change, since another machine may go on; which they
    are, may not.  Runs older than the fingerprints have none to compare.
    """
    changed = config_schema.differences(old, new)
    if changed:
        raise InputError(
            f"{workdir} holds a run with another config ({'; '.join(changed)}); "
            "use another --workdir, or the config it was started with"
        )
    if old.get(PAIRS, new[PAIRS]) != new[PAIRS]:
        raise InputError(
            f"{workdir} holds a run on other pairs than those of "
            f"{new['data']['root']}; use another --workdir, or the pairs it was "
            "started with"
        )
    if old.get(TEACHER, new[TEACHER]) != new[TEACHER]:
        raise InputError(
            f"{workdir} holds a run with another teacher than {new['teacher']} is now; "
            "use another --workdir, or the weights it was started with"
        )


def _fingerprint(pairs: PairSource) -> str:
    """How many pairs, and a hash of their names and sizes."""
    lines = zip(pairs.names, map(tuple, pairs.sizes.tolist()), strict=True)
    digest = hashlib.sha256(ascii([*lines]).encode())
    return f"{len(pairs)}, {digest.hexdigest()[:16]}"
