"""What a request carries, read within bounds and checked by a schema: strict JSON, forms, query strings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

import marshmallow as ma
from flask import Request
from webargs.flaskparser import FlaskParser

from hub.api.context import desk
from hub.api.strict_json import loads
from hub.errors import Refused
from hub.records.problems import problems_of


class StrictParser(FlaskParser):
    """webargs with this hub's rules: own JSON loader, unknown fields refused everywhere, our problems."""

    DEFAULT_UNKNOWN_BY_LOCATION = FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION | {
        "json": ma.RAISE,
        "query": ma.RAISE,
        "form": ma.RAISE,
    }

    def load_json(self, req: Request, schema: ma.Schema) -> Any:
        """Return the parsed body; its size was bounded before, by the operation."""
        need_media_type(req, "application/json")
        return loads(whole(req), max_depth=desk().broker.limits.json_max_depth)

    def load_form(self, req: Request, schema: ma.Schema) -> Any:
        """Return form fields; a field given twice is refused (RFC 6749, section 3.2)."""
        need_media_type(req, "application/x-www-form-urlencoded")
        whole(req)
        return _once(req.form)

    def load_querystring(self, req: Request, schema: ma.Schema) -> Any:
        """Return query parameters; one given twice is refused."""
        return _once(req.args)

    def handle_error(
        self,
        error: ma.ValidationError,
        req: Request,
        schema: ma.Schema,
        *,
        error_status_code: int | None,
        error_headers: Mapping[str, str] | None,
    ) -> NoReturn:
        """Raise Refused `request-invalid` that lists what is wrong and where."""
        # webargs puts the location around the messages; its name says nothing to the caller.
        inner: Any = error.messages
        found = problems_of(ma.ValidationError(next(iter(inner.values()))))
        raise Refused("request-invalid", f"{found[0]}", problems=found)


def need_media_type(req: Request, wanted: str) -> None:
    """Raise Refused `media-type-unsupported` unless the body is said to be of this type."""
    if req.mimetype != wanted:
        raise Refused("media-type-unsupported", f"The body must be said to be {wanted}.")


def too_large(most: int) -> Refused:
    """Return the refusal of a body above an operation's size."""
    return Refused("request-too-large", f"The body has at most {most} bytes here.")


def whole(req: Request) -> bytes:
    """Return the body and keep it; a stream without a length is refused at the first byte too many."""
    raw = req.get_data(cache=True)
    reads_up_to = req.max_content_length or 0
    if len(raw) >= reads_up_to:
        raise too_large(reads_up_to - 1)
    return raw


def _once(values: Any) -> dict[str, str]:
    if any(len(given) > 1 for _, given in values.lists()):
        raise Refused("request-invalid", "A parameter is given more than once.")
    return dict(values.items())
