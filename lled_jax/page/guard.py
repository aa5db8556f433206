"""Who may talk to the page: the browser that shows it, and nobody through it.

Any web site can make its visitor's browser send requests to this machine.  A name
that it points here (DNS rebinding) is told by the Host header, a request from its own
pages by Origin and Sec-Fetch-Site, which scripts cannot set.
"""

import ipaddress
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    # Photos stay out of the browser's cache on disk too.
    "Cache-Control": "no-store",
}


class Guard:
    """Middleware: refuses foreign requests, and sets `HEADERS` on every answer."""

    def __init__(self, app: ASGIApp, names: Collection[str]) -> None:
        self._app = app
        self._names = {"localhost", *(name.lower() for name in names)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        answer = self._app
        if reason := self._objection(scope["method"], Headers(scope=scope)):
            answer = PlainTextResponse(reason, status_code=403)
        await answer(scope, receive, send_with_headers)

    def _objection(self, method: str, headers: Headers) -> str | None:
        host = headers.get("host", "")
        if not self._knows(host):
            return f"this page does not answer for {host or 'nobody'!r}"
        if method not in ("GET", "HEAD"):
            site = headers.get("sec-fetch-site", "same-origin")
            origin = headers.get("origin")
            if site not in ("same-origin", "none") or (
                origin is not None and _netloc(origin) != host
            ):
                return "only this page's own requests are answered"
        return None

    def _knows(self, host: str) -> bool:
        """An address cannot be rebound: that takes a name, and ours are listed."""
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if name in self._names:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True


def _netloc(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None
