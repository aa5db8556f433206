"""The keys of a run's config: types, ranges, and what to say when one is wrong."""

import difflib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from lled_jax.errors import InputError

# Every key of a complete config.  A float also takes an int.
KEYS: dict[str, type] = {
    "seed": int,
    "model": str,  # a name of models.variants.VARIANTS
    "dtype": str,  # of the computation: float32 or bfloat16
    "total_steps": int,
    "ema_decay": float,
    "accumulate": int,  # work through a batch in so many parts
    "remat": bool,  # compute the FABs twice to save memory
    "init": str,  # a workdir or weights file to start from; "": random
    "teacher": str,  # a teacher's workdir or weights file; "": no distillation
    "data.root": str,  # a folder of pairs, tfds:NAME, or "demo"
    "data.more": str,  # further pairs, as data.root; none is held out; "": none
    "data.photos": str,  # a folder of well-lit photos to darken; "": none
    "data.pipeline": str,  # tfdata, memory or device: the same batches
    "data.holdout": float,  # fraction of the training images, in whole scenes
    "data.holdout_seed": int,  # which scenes; not `seed`, so that runs share them
    "data.crop": int,
    "data.batch": int,  # over all devices
    "data.exposure": float,  # dark images times or by up to 1 + this; 0: as they are
    "data.zoom": int,  # crops at 1 / k of their scale, k up to this, in 1 / this size
    "data.darkened": float,  # the share whose input is the target made darker
    "data.darkened_below": float,  # of those, only where the mean is less than this
    "data.darkened_further": float,  # by up to so many stops more than six
    "data.darkened_unevenly": float,  # of the darkened, the share that is so in part
    "data.darkened_mosaic": float,  # of the darkened, the share of interpolated noise
    "data.jpeg": float,  # the share of the dark images that is written as JPEG
    "data.bright": float,  # the share of pairs whose input is the target itself
    "data.bright_as_is": bool,  # and not at other exposures, too, nor with noise
    "data.turn": bool,  # change rows for columns in half of the crops
    "data.noise": float,  # added to dark images: standard deviation in [0, 1], at most
    "data.mixup": float,  # of Beta(this, this), the shares of pairs of a batch; 0: off
    "data.later": tuple,  # ((step, crop, batch[, zoom]), ...): from that step on
    "optimizer.name": str,  # adam or muon
    "optimizer.lr": float,
    "optimizer.schedule": str,  # constant, halving or cosine
    "optimizer.halve_every": int,  # of halving
    "optimizer.warmup": int,  # of constant and cosine
    "optimizer.clip_norm": float,  # 0: no clipping
    "optimizer.only": str,  # move parameters with this in their path; "": all
    "loss.l1": float,  # weights; a term of weight 0 is not computed
    "loss.charbonnier": float,
    "loss.perceptual": float,
    "loss.gt_mean": float,  # L1 after scaling to the target's mean
    "loss.ssim": float,
    "loss.gradient": float,
    "loss.zero_reference": float,  # of zero_dce alone: the four terms of its authors
    "perceptual.weights": str,  # keras, lpips, or the path of an .npz
    "perceptual.layers": tuple,  # (): the last ReLU of block 3
    "distillation.weight": float,
    "distillation.output": float,  # weight of the outputs' distance (not in the paper)
    "distillation.ensemble": bool,  # that of the teacher's mean over eight positions
    "distillation.branches": tuple,  # whose stages: enhancement, gradient
    "distillation.start": int,  # steps of warm-up without distillation
    "distillation.stages": tuple,  # ((student stage, teacher stage), ...)
    "distillation.normalisation": str,  # literal, unit_l2, l1 or affinity
    "log.every": int,  # steps between records
    "log.evaluate_every": int,  # steps between scores of the held-out images
    "log.evaluate_images": int,  # how many of them
    "log.save_every": int,  # steps between checkpoints
}

# What a tuple holds, and how that is told.
_PARTS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "data.later": (
        lambda part: _ints(part) and len(part) in (3, 4),
        "((step, crop, batch), ...) or ((step, crop, batch, zoom), ...)",
    ),
    "distillation.stages": (
        lambda part: _ints(part) and len(part) == 2,
        "((student stage, teacher stage), ...)",
    ),
    "distillation.branches": (lambda part: isinstance(part, str), "a tuple of names"),
    "perceptual.layers": (lambda part: isinstance(part, str), "a tuple of names"),
}
# No number is below 0, and these not below 1.
_LEAST = dict.fromkeys(("total_steps", "accumulate", "data.batch", "data.zoom"), 1)

_DARK = ("photos", "darkened_further", "darkened_unevenly", "darkened_mosaic")
# What does nothing unless another key is on.
_FOR = {
    **{f"data.{name}": ("what is made dark", "data.darkened") for name in _DARK},
    "data.bright_as_is": ("what is shown bright", "data.bright"),
    "distillation.output": ("what is distilled", "teacher"),
    "distillation.ensemble": ("what is distilled", "teacher"),
}

# A complete config of the teacher, trained first into WORKDIR/teacher unless `teacher`
# names one that is there.
TEACHER_RUN = "teacher_run"

_RHYTHM = ("log.every", "log.evaluate_every", "log.save_every")
# What may change between two legs of a run: none of it changes the result.  Which
# images are scored may not: the best of the run is the best on them.
FREE = ("data.root", "data.pipeline", "remat", *_RHYTHM)
# Where these lie may change; not whether they are there, nor which VGG it is.
_KINDS: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("init", "teacher", "data.more", "data.photos"), bool),
    "perceptual.weights": lambda weights: weights == "lpips",
}
# Keys that came later, for which "off" is not 0 or empty.
_LATER = {
    "accumulate": 1,
    "data.zoom": 1,
    "data.darkened_below": 0.3,
    "optimizer.name": "adam",
    "distillation.branches": ("enhancement",),
}
# Schedules that do not look ahead: a run may be given more steps than it began with.
EXTENSIBLE = ("constant", "halving")


def check(config: Mapping[str, Any]) -> None:
    """Raise `InputError` unless `config` has exactly `KEYS`, each as it may be.

    `teacher_run` is optional and checked the same way.  Of a teacher something must be
    learned before the run ends.
    """
    flat = dict(flatten(config))
    for key, value in flat.items():
        if key == TEACHER_RUN:
            check(value)
        elif key not in KEYS:
            raise _unknown(key)
        elif fault := _fault(key, value):
            raise InputError(f"config key {key!r} is {value!r}; it must be {fault}")
    for key in KEYS:
        if key not in flat:
            raise InputError(f"the config lacks the key {key!r}")
    on = flat | {"teacher": flat["teacher"] or TEACHER_RUN in flat}
    for key, (purpose, needed) in _FOR.items():
        if flat[key] and not on[needed]:
            above = " above 0" if KEYS[needed] is float else ""
            raise InputError(f"{key} is for {purpose}: set {needed}{above}")
    start, total = flat["distillation.start"], flat["total_steps"]
    if on["teacher"] and start >= total:
        raise InputError(
            f"the teacher would teach nothing: distillation.start is {start} of "
            f"{total} steps; set it lower, or leave out the teacher"
        )


def check_overrides(arguments: Iterable[str]) -> None:
    """Raise `InputError` for a --config.KEY=VALUE whose key does not exist.

    And for a tuple that is set twice: ml_collections would join both silently, where of
    everything else the last one counts.
    """
    seen = set()
    for argument in arguments:
        if argument.startswith("--config."):
            key = argument.removeprefix("--config.").split("=")[0]
            bare = key.removeprefix(f"{TEACHER_RUN}.")
            if bare not in KEYS:
                raise _unknown(bare)
            if KEYS[bare] is tuple and key in seen:
                raise InputError(f"--config.{key} is given twice; give it once")
            seen.add(key)


def flatten(config: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Leaves of a nested config as (dotted key, value); lists become tuples."""
    for name, value in config.items():
        if isinstance(value, Mapping) and name != TEACHER_RUN:
            yield from flatten(value, f"{prefix}{name}.")
        else:
            yield prefix + name, _tuples(value)


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """What makes `new` another run than `old`, as "key: old -> new".

    A key that `old` lacks came later, and what it is for was off then.
    """
    before, after = _LATER | dict(flatten(old)), dict(flatten(new))
    more = after["total_steps"] > before["total_steps"]
    if more and after["optimizer.schedule"] in EXTENSIBLE:
        before["total_steps"] = after["total_steps"]
    return [
        f"{key}: {before.get(key)!r} -> {after.get(key)!r}"
        for key in KEYS
        if _kind(key, before.get(key)) != _kind(key, after.get(key))
        and not key.startswith(FREE)
        and (key in before or after.get(key))
    ]


def _kind(key: str, value: Any) -> Any:
    return _KINDS[key](value) if key in _KINDS else value


_ARTICLES = {
    int: "an int",
    float: "a float",
    str: "a string",
    tuple: "a tuple",
    bool: "True or False",
}


def _unknown(key: str) -> InputError:
    last = {known.split(".")[-1]: known for known in KEYS}
    near = difflib.get_close_matches(key, KEYS, n=1) or [
        last[name] for name in difflib.get_close_matches(key.split(".")[-1], last, n=1)
    ]
    hint = f"; did you mean {near[0]!r}?" if near else f"; known: {', '.join(KEYS)}"
    return InputError(f"unknown config key {key!r}{hint}")


def _fits(value: Any, kind: type) -> bool:
    if isinstance(value, bool):
        return kind is bool
    return isinstance(value, (int, float) if kind is float else kind)


def _fault(key: str, value: Any) -> str:
    """What `value` must be and is not; "" if it is all right."""
    if not _fits(value, KEYS[key]):
        return f"{_ARTICLES[KEYS[key]]}, not {type(value).__name__}"
    if isinstance(value, tuple):
        fits, form = _PARTS[key]
        return "" if all(map(fits, value)) else form
    if isinstance(value, str | bool):
        return ""
    if not math.isfinite(value):
        return "finite"
    least = _LEAST.get(key, 0)
    if value < least:
        return f"{least} or more"
    return "less than 1" if key == "ema_decay" and value >= 1 else ""


def _ints(part: Any) -> bool:
    return isinstance(part, tuple) and all(_fits(number, int) for number in part)


def _tuples(value: Any) -> Any:
    """JSON gives lists where a config had tuples."""
    if isinstance(value, list | tuple):
        return tuple(_tuples(item) for item in value)
    return value
