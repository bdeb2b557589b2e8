"""`/openapi.json`, `/docs` and their style sheet: rendered once when the application is made."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Final

from flask import Flask, Response, request
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from hub.api.callers import Door, identified
from hub.api.context import desk
from hub.api.pages.outline import outline
from hub.codes import CODES

#: Addresses that are no operations: the API's own description, which writes nothing into the log.
PAGES: Final = ("/openapi.json", "/docs", "/docs/style.css")

_HERE: Final = Path(__file__).parent
#: The pages need one style sheet from here and nothing else; no script runs.
_POLICY: Final = (
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def add(app: Flask, document: dict[str, Any]) -> None:
    """Serve a specification and its pages."""
    groups = outline(document)
    page = _environment().get_template("docs.html").render(document=document, groups=groups, codes=CODES)
    specification = json.dumps(document, ensure_ascii=False, indent=1)
    style = (_HERE / "docs.css").read_text(encoding="utf-8")
    texts = ((specification, "application/json"), (page, "text/html; charset=utf-8"))
    for path, (text, media) in zip(PAGES, (*texts, (style, "text/css; charset=utf-8")), strict=True):
        _serve(app, path, text, media)


def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _serve(app: Flask, path: str, text: str, content_type: str) -> None:
    """Serve a text that does not change while the application lives."""
    raw = text.encode()
    tag = hashlib.sha256(raw).hexdigest()[:32]

    def view() -> Response:
        """Count who asks, and answer with the text or that it has not changed."""
        identified(desk(), Door.ANYONE)
        response = Response(raw, content_type=content_type)
        response.set_etag(tag)
        response.headers["Cache-Control"] = "no-cache"
        response.headers["Content-Security-Policy"] = _POLICY
        response.make_conditional(request)
        return response

    app.add_url_rule(path, endpoint=path, view_func=view, methods=["GET"])
