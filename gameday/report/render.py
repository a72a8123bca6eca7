"""From the view to one HTML file that needs nothing else: no server, no network, no script to be read."""

import base64
import hashlib
import os
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from gameday.report.view import View

_CSP: Final = "default-src 'none'; style-src '{style}'; script-src '{script}'; base-uri 'none'; form-action 'none'"
_MODE: Final = 0o644


def render(view: View) -> str:
    """The page. Whatever came from the journal is escaped; only our own style and script are taken as they are."""
    style, script = _own("style.css"), _own("app.js")
    return (
        _environment()
        .get_template("index.html.j2")
        .render(
            view=view,
            style=Markup(style),  # noqa: S704 - our own file, see above
            script=Markup(script),  # noqa: S704 - our own file, see above
            csp=_CSP.format(style=digest(style), script=digest(script)),
        )
    )


def write(path: Path, html: str) -> None:
    """Puts the whole file in place at once; a reader sees the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("x", encoding="utf-8", newline="\n") as file:
            temporary.chmod(0o600)
            file.write(html)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(_MODE)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def digest(block: str) -> str:
    """What a content security policy calls an inline block by."""
    return f"sha256-{base64.b64encode(hashlib.sha256(block.encode()).digest()).decode()}"


def _own(name: str) -> str:
    return resources.files("gameday.report").joinpath("templates", name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("gameday.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
