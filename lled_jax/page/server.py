"""From `lled demo` to a page that answers."""

import contextlib
import errno
import os
import socket
import threading
import webbrowser

import uvicorn

from lled_jax import pretrained
from lled_jax.errors import InputError
from lled_jax.page.app import build_app
from lled_jax.shipped import DEFAULT

_EVERYWHERE = {"0.0.0.0", "::", ""}


class _Server(uvicorn.Server):
    """Says where it is as soon as it answers."""

    def __init__(self, config: uvicorn.Config, url: str, open_browser: bool) -> None:
        super().__init__(config)
        self._url, self._open_browser = url, open_browser

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print(f"the page is at {self._url} (stop it with Ctrl-C)", flush=True)
        if self._open_browser:  # some browsers return when they are closed
            threading.Thread(
                target=webbrowser.open, args=(self._url,), daemon=True
            ).start()


def serve(
    host: str = "127.0.0.1",
    port: int = 7860,
    weights: str | os.PathLike[str] = DEFAULT,
    backend: str = "jax",
    open_browser: bool = False,
) -> None:
    """Show the page until Ctrl-C.

    Args:
        host: the address to listen at; other machines reach the page if it is not this
            machine's own.
        port: 0 takes any free one.
        weights: as `lled_jax.load` takes it.
        backend: as `lled_jax.load` takes it.
        open_browser: whether to open the page in a browser.

    Raises:
        InputError: the port is in use, the host is not this machine's, or the network
            cannot be loaded.
    """
    # Before the network, which takes seconds to load.
    with listen(host, port) as sock:
        app = build_app(pretrained.load(weights, backend=backend), names=_names(host))
        config = uvicorn.Config(
            app,
            lifespan="off",
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=2,
        )
        server = _Server(config, _url(host, sock.getsockname()[1]), open_browser)
        with contextlib.suppress(KeyboardInterrupt):
            server.run(sockets=[sock])


def listen(host: str, port: int) -> socket.socket:
    """A socket bound to the place; `InputError` if that cannot be had."""
    try:
        if not 0 <= port <= 65535:
            raise InputError(f"port {port} does not exist; choose one from 0 to 65535")
        found = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        family, *_, address = found[0]
        return socket.create_server(address[:2], family=family)
    except socket.gaierror as error:
        raise InputError(
            f"host {host!r} is unknown ({error.strerror}); use 127.0.0.1"
        ) from error
    except UnicodeError as error:  # of a part between dots: empty, or too long
        raise InputError(f"host {host!r} is no host's name; use 127.0.0.1") from error
    except OSError as error:
        raise InputError(f"cannot listen at {host}:{port}: {_cure(error, port)}") from (
            error
        )


def _cure(error: OSError, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"the port is in use; choose another, such as {port % 65535 + 1}, or 0"
    if error.errno == errno.EACCES:
        return "no permission; choose a port above 1023"
    if error.errno == errno.EADDRNOTAVAIL:
        return "this machine does not have that address; use 127.0.0.1"
    return error.strerror or str(error)


def _names(host: str) -> set[str]:
    """By what names, besides addresses, a browser may ask for the page."""
    if host not in _EVERYWHERE:
        return {host}
    name = socket.gethostname()
    return {name, f"{name}.local", socket.getfqdn()}


def _url(host: str, port: int) -> str:
    if host in _EVERYWHERE:
        host = "localhost"
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
