"""How a command ends: one clear line and an exit status, no traceback for users."""

import sys
from collections.abc import Callable

from absl.flags import Error

from lled_jax.errors import InputError
from lled_jax.training.loop import Interrupted


def exit_status(command: Callable[[], None]) -> int:
    """Run `command`; 0, or 1 after an `InputError`, or 128 + the signal's number.

    Other exceptions are defects of ours and pass.
    """
    try:
        command()
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except Interrupted as stopped:
        print(f"{stopped}; run the same command to resume", file=sys.stderr)
        return 128 + stopped.signum
    return 0


def parse_flags(flags: Callable[[list[str]], list[str]]) -> Callable[..., list[str]]:
    """`flags` as a parser that says in one line what is wrong, and exits with 1.

    A config override of an unknown key or a wrong type surfaces as one of several
    exceptions; all of their messages name the key.
    """

    def parse(argv: list[str], **options: object) -> list[str]:
        del options
        try:
            return flags(argv)
        except (Error, AttributeError, KeyError, TypeError, ValueError) as error:
            text = " ".join(str(error.args[0] if error.args else error).split())
            sys.exit(f"error: {text}")
        except OSError as error:
            sys.exit(f"error: {error}")

    return parse
