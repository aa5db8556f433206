"""`lled demo`: the page to try it on."""

from typing import Annotated

import typer

from lled_jax.cli import options


def demo(
    host: Annotated[
        str,
        typer.Option(metavar="NAME", help="Where to listen; 0.0.0.0 for everywhere."),
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, metavar="N", help="0 takes any free one.")
    ] = 7860,
    model: options.Model = None,
    ckpt: options.Ckpt = None,
    backend: options.Backend = "jax",
    browser: Annotated[
        bool, typer.Option("--browser", help="Open the page in a browser.")
    ] = False,
) -> None:
    r"""Show a page to try it on: drop a photo, see before and after.

    It runs on this machine, works without the internet and sends nothing
    away. It needs an extra: pip install 'lled-jax\[demo]'
    """
    if model and ckpt:
        raise typer.BadParameter(options.EITHER)
    from lled_jax.cli.process import exit_status

    def show() -> None:
        from lled_jax import page

        weights = options.weights(model, ckpt)
        page.serve(host, port, weights, backend, open_browser=browser)

    raise typer.Exit(exit_status(show))
