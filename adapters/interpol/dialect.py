"""Notices and diffusions as HAL documents, in the shapes of Interpol's public notices API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from adapters.contract import Interpretation, Translation
from adapters.interpol.links import Link, Links
from adapters.interpol.persons import read_entity, read_person, write_entity, write_person
from adapters.interpol.warrants import read_warrants, write_warrants
from adapters.reading import malformed, read_json, write_json
from adapters.rest import Path, Rest, assemble
from hub.errors import Refused
from hub.records.kinds import Kind

#: What a withdrawal says; the public API has none, a withdrawn notice is gone from it.
_WITHDRAWAL: Final = {"record": ("id",), "version": ("version",), "reason": ("details", "reason")}


class Hal:
    """One notice or diffusion a document. It is about one person or entity."""

    name = "interpol-hal/1"
    media_type = "application/hal+json"
    kinds = frozenset({Kind.NOTICE, Kind.DIFFUSION})

    def __init__(self, *, base_url: str, max_bytes: int) -> None:
        self._links = Links(base_url)
        self._max_bytes = max_bytes

    def translate(self, record: Mapping[str, Any]) -> Translation:
        """Write a notice or diffusion; what the shape has no place for is lost."""
        if Kind(record["kind"]) not in self.kinds:
            raise Refused("kind-not-carried", "Interpol's channel takes notices and diffusions alone.")
        rest = Rest(record)
        made = self._withdrawal(rest) if record["action"] == "withdrawal" else self._notice(rest)
        return Translation(document=write_json(made), lost=rest.lost())

    def interpret(self, document: bytes) -> Interpretation:
        """Read a notice or diffusion of the API or of ours."""
        value = read_json(document, max_bytes=self._max_bytes)
        rest = Rest(value)
        link = self._links.read(rest)
        parts: list[tuple[Path, Any]] = [(("kind",), link.kind.value)]
        if link.withdrawn:
            parts += self._read_withdrawal(rest)
        elif rest.see("gone") is not None:
            parts += _read_gone(rest)
        else:
            parts += self._read_notice(rest, link)
        try:
            record = assemble(parts)
        except ValueError as error:
            raise malformed(f"its parts do not fit together: {error}") from None
        number = rest.see("entity_id")
        return Interpretation(
            record=record,
            named=None if link.withdrawn else f"{link.kind.value}/{link.sort}/{number}",
            unknown=dict(zip(rest.lost(), (each for _, each in rest.left()), strict=True)),
        )

    def _withdrawal(self, rest: Rest) -> dict[str, Any]:
        kind = Kind(rest.take("kind"))
        rest.take("action")
        link = Link(kind=kind, sort="", withdrawn=True)
        said = {name: rest.take(*path) for name, path in _WITHDRAWAL.items()}
        return {"withdrawal": said, "_links": self._links.write(link, said["record"])}

    def _read_withdrawal(self, rest: Rest) -> list[tuple[Path, Any]]:
        if not isinstance(rest.see("withdrawal"), dict):
            raise malformed("it is withdrawn and does not say what")
        parts: list[tuple[Path, Any]] = [(("action",), "withdrawal")]
        for name, path in _WITHDRAWAL.items():
            value = rest.take("withdrawal", name)
            if value is not None:
                parts.append((path, value))
        return parts

    def _notice(self, rest: Rest) -> dict[str, Any]:
        kind = Kind(rest.take("kind"))
        sort = rest.take("details", "colour" if kind is Kind.NOTICE else "aim")
        number = rest.take("details", "number")
        made: dict[str, Any] = {"entity_id": number}
        place = _main_subject(rest, sort)
        entity = place is not None and rest.see("subjects", place, "type") == "organisation"
        if place is not None:
            write = write_entity if entity else write_person
            made |= write(rest.at("subjects", place))
        made |= write_warrants(rest.at("details"), sort)
        if narrative := rest.take("narrative"):
            made["summary"] = narrative
        link = Link(kind=kind, sort=sort, entity=entity)
        return {**made, "_links": self._links.write(link, number)}

    def _read_notice(self, rest: Rest, link: Link) -> list[tuple[Path, Any]]:
        field = "colour" if link.kind is Kind.NOTICE else "aim"
        parts: list[tuple[Path, Any]] = [(("details", field), link.sort)]
        number = rest.take("entity_id")
        if not isinstance(number, str):
            raise malformed("it has no entity_id")
        parts.append((("details", "number"), number))
        subject = read_entity(rest) if link.entity else read_person(rest)
        parts += [(("subjects", 0, *path), value) for path, value in subject]
        parts += [(("details", *path), value) for path, value in read_warrants(rest, link.sort)]
        if (narrative := rest.take_if("summary", of=str)) is not None:
            parts.append((("narrative",), narrative))
        return parts


def _read_gone(rest: Rest) -> list[tuple[Path, Any]]:
    """Read what the carrier of a public list says of a notice that the list has no more."""
    reason = rest.take("gone", "reason") if isinstance(rest.see("gone"), dict) else None
    if not isinstance(reason, str) or not isinstance(rest.take("entity_id"), str):
        raise malformed("it is gone, and does not say what or why")
    return [(("action",), "withdrawal"), (("details", "reason"), reason)]


def _main_subject(rest: Rest, sort: str) -> int | None:
    """Return the place of the one subject that a notice is about; entities have UN Special Notices alone."""
    types = ("person", "organisation") if sort == "un-special" else ("person",)
    return next((place for place, one in enumerate(rest.each("subjects")) if one.see("type") in types), None)
