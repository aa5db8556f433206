"""The report as one HTML file that asks nobody for anything."""

import base64
import hashlib
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from lled_jax.comparison.content import Report
from lled_jax.comparison.text import MARKS

_STATIC = Path(__file__).parent / "static"


def html(report: Report) -> str:
    """The page, with style, script and pictures inside.

    Every text is escaped, since names come from files.  The page's own policy forbids
    every request and every script but its own.
    """
    environment = Environment(
        loader=FileSystemLoader(_STATIC), autoescape=True, undefined=StrictUndefined
    )
    script = (_STATIC / "report.js").read_text(encoding="utf-8")
    digest = hashlib.sha256(script.encode()).digest()
    return MARKS["html"] + environment.get_template("report.html").render(
        report=report,
        css=(_STATIC / "report.css").read_text(encoding="utf-8"),
        script=script,
        script_hash=f"sha256-{base64.b64encode(digest).decode()}",
    )
