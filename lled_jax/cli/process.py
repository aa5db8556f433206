"""How a command ends: one clear line and an exit status, no traceback for users."""

import io
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path

import absl.logging
import jax
from absl.flags import Error

from lled_jax.config_schema import check_overrides
from lled_jax.errors import InputError, Interrupted


def exit_status(command: Callable[[], None]) -> int:
    """Run `command`; 0, or 1 after an `InputError`, or 128 + the signal's number.

    Other exceptions are defects of ours and pass.
    """
    absl.logging.set_verbosity(absl.logging.WARNING)  # Orbax tells every detail
    # A checkpoint that fails leaves hundreds of failed writes, each with a traceback;
    # the checkpoint's own error says it once.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    _cache_compilations()
    _print_any_name()
    try:
        command()
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except Interrupted as stopped:
        print(f"{stopped}; run the same command to resume", file=sys.stderr)
        return 128 + stopped.signum
    except (RuntimeError, AssertionError):  # of JAX, among others
        if _has_device():
            raise
        platforms = jax.config.jax_platforms  # type: ignore[attr-defined]
        print(
            f"error: JAX finds no device as JAX_PLATFORMS={platforms} "
            "asks: unset it, or for a GPU pip install 'lled-jax[cuda12]'",
            file=sys.stderr,
        )
        return 1
    return 0


def _has_device() -> bool:
    try:
        jax.devices()
    except (RuntimeError, AssertionError):
        return False
    return True


def _print_any_name() -> None:
    """Escape what stdout cannot show, as stderr does: a file may be called anything."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _cache_compilations() -> None:
    """Keep compiled programs between runs, unless JAX_COMPILATION_CACHE_DIR says where.

    A training step compiles for seconds; from the cache it is there in half of one.
    Where no folder can be made for it, it works without.
    """
    if "JAX_COMPILATION_CACHE_DIR" in os.environ:
        return
    try:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        folder = base / "lled_jax" / "xla"
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # RuntimeError: this user has no home
        return
    if os.access(folder, os.W_OK | os.X_OK):
        jax.config.update("jax_compilation_cache_dir", str(folder))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.3)


def parse_flags(flags: Callable[[list[str]], list[str]]) -> Callable[..., list[str]]:
    """`flags` as a parser that says in one line what is wrong, and exits with 1.

    ml_collections reports a bad override by one of several exceptions, whose messages
    all name the flag or the value.
    """

    def parse(arguments: list[str], **options: object) -> list[str]:
        del options
        try:
            check_overrides(arguments)
            words = flags(arguments)
        except (Error, AttributeError, KeyError, TypeError, ValueError) as error:
            text = " ".join(str(error).split())
            if "Traceback" in text:  # what a config's own code raised comes last
                text = f"--config: {text.rsplit('Error: ', 1)[-1]}"
            sys.exit(f"error: {text}")
        if words[1:]:
            sys.exit(f"error: {words[1]!r} belongs to no flag: write --NAME=VALUE")
        return words

    return parse
