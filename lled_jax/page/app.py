"""The page and its few requests, as a Starlette app.

    GET  /                      the page, and /page.css and so on, its parts
    GET  /about                 limits and the readable file endings, as JSON
    POST /open?name=            the file as the body: its key and size, as JSON
    POST /preview?photo=&side=  a picture of `before` or `after` for the screen
    POST /enhance?photo=&name=  the enhanced file

The last two take the look as further parameters, and instead of a photo's key its file
as the body.  An error is one line of text.
"""

from collections.abc import Callable, Collection
from importlib import resources
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

import anyio
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from lled_jax import photos
from lled_jax.errors import InputError
from lled_jax.look import Look
from lled_jax.page.darkroom import Darkroom, Enhances, Gone, Negative
from lled_jax.page.guard import Guard
from lled_jax.page.limits import Limits
from lled_jax.photos import Photo
from lled_jax.photos.kinds import FORMAT_OF

STATIC = (
    *("index.html", "page.css", "page.js", "server.js", "sliders.js", "compare.js"),
    *("intake.js", "camera.js", "messages.js", "refused.js"),
)
"""The only files that the page gives out."""


def build_app(
    enhancer: Enhances, limits: Limits | None = None, names: Collection[str] = ()
) -> Guard:
    """The page as an ASGI app, for one process.

    Args:
        enhancer: as `lled_jax.load` gives it; used by one thread at a time.
        limits: what the page accepts and keeps.
        names: of this machine, by which it may be asked for besides localhost and
            addresses.
    """
    page = _Page(enhancer, limits or Limits())
    app = Starlette(
        routes=[
            *map(_static, STATIC),
            Route("/about", page.about),
            Route("/open", page.open, methods=["POST"]),
            Route("/preview", page.preview, methods=["POST"]),
            Route("/enhance", page.enhance, methods=["POST"]),
        ],
        exception_handlers={
            InputError: _bad_input,
            Gone: _gone,
            ClientDisconnect: _disconnected,
        },
    )
    # Around it, not as its middleware, so that no answer goes without, not even a 500.
    return Guard(app, names)


class _Page:
    """The requests of one running page."""

    def __init__(self, enhancer: Enhances, limits: Limits) -> None:
        self._darkroom, self._limits = Darkroom(enhancer, limits), limits
        self._turn = anyio.CapacityLimiter(1)
        self._requests = 0

    async def about(self, request: Request) -> Response:
        return JSONResponse(
            {
                "uploadBytes": self._limits.upload_bytes,
                "suffixes": sorted(photos.SUFFIXES),
            }
        )

    async def open(self, request: Request) -> Response:
        name = _name(request)

        def work(data: bytes) -> Response:
            key, photo = self._darkroom.open(data, name)
            assert photo is not None
            return JSONResponse({"photo": key, **self._facts(photo)})

        return await self._worked_on(request, work)

    async def preview(self, request: Request) -> Response:
        look = look_of(request)
        side = request.query_params.get("side", "after")
        if side not in ("before", "after"):
            raise InputError(f"side is {side!r}; choose before or after")

        def work(data: bytes) -> Response:
            negative = self._negative(request, data)
            if side == "before":
                content, kind = self._darkroom.before(negative)
            else:
                content, kind = self._darkroom.after(negative, look)
            return Response(content, media_type=kind)

        return await self._worked_on(request, work)

    async def enhance(self, request: Request) -> Response:
        look = look_of(request)

        def work(data: bytes) -> Response:
            negative = self._negative(request, data)
            content, photo = self._darkroom.develop(negative, look)
            return _download(content, _name(request), photo)

        return await self._worked_on(request, work)

    def _facts(self, photo: Photo) -> dict[str, Any]:
        height, width = photo.pixels.shape[:2]
        return {
            "width": width,
            "height": height,
            "bits": 8 * photo.pixels.dtype.itemsize,
            "format": photo.format,
            "reduced": max(height, width) > self._limits.preview,
        }

    def _negative(self, request: Request, data: bytes) -> Negative:
        """By the photo's key, or from its file."""
        if key := request.query_params.get("photo"):
            return Negative(key)
        return self._darkroom.open(data, _name(request))

    async def _worked_on(
        self, request: Request, work: Callable[[bytes], Response]
    ) -> Response:
        """`work` on the body, in a thread, when its turn comes."""
        if self._requests >= self._limits.requests:
            raise HTTPException(
                503,
                "busy with other photos; try again in a moment",
                {"Retry-After": "5"},
            )
        self._requests += 1
        try:
            data = await _body(request, self._limits)
            async with self._turn:
                # Who left meanwhile needs no answer.
                if await request.is_disconnected():
                    raise ClientDisconnect
                return await anyio.to_thread.run_sync(work, data)
        finally:
            self._requests -= 1


async def _body(request: Request, limits: Limits) -> bytes:
    too_large = HTTPException(
        413,
        f"the file is too large; this page takes up to {limits.upload_bytes / 2**20:g} "
        "MiB, `lled enhance` takes more",
    )
    try:
        if int(request.headers.get("content-length", "0")) > limits.upload_bytes:
            raise too_large
    except ValueError:
        raise HTTPException(400, "the content-length is no number") from None
    data = bytearray()
    try:
        with anyio.fail_after(limits.upload_seconds):
            async for chunk in request.stream():
                data += chunk
                if len(data) > limits.upload_bytes:
                    raise too_large
    except TimeoutError:
        raise HTTPException(408, "the upload took too long; try again") from None
    return bytes(data)


def look_of(request: Request) -> Look:
    """The look of a request's parameters; `InputError` for what is no look."""
    values: dict[str, float | bool] = {}
    for name, default in Look()._asdict().items():
        text = request.query_params.get(name)
        if text is None:
            continue
        if isinstance(default, bool):
            if text not in ("0", "1"):
                raise InputError(f"{name} is {text!r}; choose 1 or 0")
            values[name] = text == "1"
            continue
        try:
            values[name] = float(text)
        except ValueError:
            raise InputError(f"{name} is {text!r}; give a number") from None
    return Look(**values).checked()  # type: ignore[arg-type]


def _name(request: Request) -> str:
    """The photo's file name, without folders of whatever system."""
    name = request.query_params.get("name", "").replace("\\", "/")
    # Printable, as it goes into error messages.
    name = "".join(c for c in PurePosixPath(name).name if c.isprintable())
    return name[-200:] or "photo"


def _download(content: bytes, name: str, photo: Photo) -> Response:
    kind, suffix = photos.format_for(photo.format), photos.suffix_for(photo.format)
    given = PurePosixPath(name)
    if FORMAT_OF.get(given.suffix.lower()) == kind:
        suffix = given.suffix  # .jpeg stays .jpeg
    target = quote(f"{given.stem}_enhanced{suffix}")
    return Response(
        content,
        media_type=f"image/{kind.lower()}",
        headers={"Content-Disposition": f"attachment; filename*=UTF-8''{target}"},
    )


def _static(name: str) -> Route:
    # From memory: no path of a request ever reaches the file system.
    content = resources.files("lled_jax.page").joinpath("static", name).read_bytes()
    kind = {"html": "text/html", "css": "text/css", "js": "text/javascript"}

    async def answer(request: Request) -> Response:
        return Response(content, media_type=kind[name.rpartition(".")[2]])

    return Route("/" if name == "index.html" else f"/{name}", answer)


async def _bad_input(request: Request, error: Exception) -> Response:
    return PlainTextResponse(str(error), status_code=400)


async def _gone(request: Request, error: Exception) -> Response:
    return PlainTextResponse("the photo was forgotten; send it again", status_code=410)


async def _disconnected(request: Request, error: Exception) -> Response:
    return PlainTextResponse("", status_code=499)  # nobody reads it
