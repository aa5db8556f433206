"""A local web page to try the enhancer on; it works offline and sends nothing away.

Starlette and uvicorn are the extra ``lled-jax[demo]``; without them both functions
raise `InputError`.
"""

from typing import TYPE_CHECKING, Any

from lled_jax.errors import InputError
from lled_jax.page.limits import Limits

if TYPE_CHECKING:
    from lled_jax.page.app import build_app
    from lled_jax.page.server import serve

__all__ = ["Limits", "build_app", "serve"]


def __getattr__(name: str) -> Any:
    # When asked for: the rest of the package does not need the optional libraries.
    if name not in ("build_app", "serve"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        from lled_jax.page import app, server
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in {"starlette", "uvicorn", "anyio"}:
            raise
        raise InputError(
            f"the package {package} is missing: pip install 'lled-jax[demo]'"
        ) from error
    return {"build_app": app.build_app, "serve": server.serve}[name]
