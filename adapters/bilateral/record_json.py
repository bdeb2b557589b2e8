"""Plain record JSON: the record's own canonical bytes, for partners who run a hub or read our schemas."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from marshmallow import Schema

from adapters.contract import Interpretation, Translation
from adapters.reading import malformed, read_json
from adapters.rest import Rest, path_of, without
from hub.envelope.canonical import canonical
from hub.records.fields import Many, Part
from hub.records.head import record_schema
from hub.records.kinds import Action, Kind
from hub.records.subjects import SUBJECTS, AnySubject


class RecordJson:
    """The hubs' own dialect as a document. It carries everything."""

    name = "record-json/1"
    media_type = "application/json"
    kinds = frozenset(Kind)

    def __init__(self, *, max_bytes: int) -> None:
        self._max_bytes = max_bytes

    def translate(self, record: Mapping[str, Any]) -> Translation:
        """Return the record's canonical bytes; nothing is lost."""
        return Translation(document=canonical(record))

    def interpret(self, document: bytes) -> Interpretation:
        """Return the record; fields of a newer hub, which no schema here knows, are kept as unknown."""
        value = read_json(document, max_bytes=self._max_bytes)
        rest = Rest(value)
        try:
            schema = record_schema(Kind(rest.see("kind")), Action(rest.see("action")))
        except ValueError:
            raise malformed("it is not a record: its kind or action is none that is known here") from None
        _take_known(rest, schema)
        unknown = dict(zip(rest.lost(), (each for _, each in rest.left()), strict=True))
        return Interpretation(record=without(value, map(path_of, unknown)), unknown=unknown)


@cache
def _schema(name: str) -> Schema:
    return SUBJECTS[name]()


def _take_known(rest: Rest, schema: Schema) -> None:
    for name, field in schema.load_fields.items():
        _take_field(rest.at(name), field)


def _take_field(rest: Rest, field: Any) -> None:
    value = rest.see()
    if isinstance(field, Many) and isinstance(value, list):
        for each in rest.each():
            _take_field(each, field.inner)
    elif isinstance(field, Part) and isinstance(value, dict):
        _take_known(rest, field.schema)
    elif isinstance(field, AnySubject) and isinstance(value, dict) and str(value.get("type")) in SUBJECTS:
        _take_known(rest, _schema(value["type"]))
    else:
        rest.take()
