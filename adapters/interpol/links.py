"""The address of a notice says its colour: in the public API nothing else does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlsplit

from adapters.reading import malformed
from adapters.rest import Rest
from hub.records.kinds import Kind
from hub.records.search import Diffusion, Notice

_COLOURS: Final = frozenset(Notice().load_fields["colour"].options)  # type: ignore[attr-defined]
_AIMS: Final = frozenset(Diffusion().load_fields["aim"].options)  # type: ignore[attr-defined]
_ROOMS: Final = {Kind.NOTICE: "notices", Kind.DIFFUSION: "diffusions"}
_WITHDRAWN: Final = "withdrawn"


@dataclass(frozen=True, kw_only=True)
class Link:
    """What an address says: notice or diffusion, its colour or aim, and whether it is about an entity."""

    kind: Kind
    sort: str
    entity: bool = False
    withdrawn: bool = False


class Links:
    """Addresses under one base: red, yellow and UN notices as the public API has them, others alike."""

    def __init__(self, base_url: str) -> None:
        self._base = base_url.rstrip("/")

    def write(self, link: Link, number: str) -> dict[str, Any]:
        """Return the `_links` of a document."""
        return {"self": {"href": self._address(link, number)}}

    def _address(self, link: Link, number: str) -> str:
        sort = _WITHDRAWN if link.withdrawn else link.sort
        if sort == "un-special":
            sort = "un/entities" if link.entity else "un/persons"
        last = quote(number.replace("/", "-"), safe="")
        return f"{self._base}/{_ROOMS[link.kind]}/v1/{sort}/{last}"

    def read(self, rest: Rest) -> Link:
        """Return what the address of a document says, and take it where nothing else is in it."""
        href = rest.see("_links", "self", "href")
        if not isinstance(href, str):
            raise malformed("it has no address of its own, which tells the colour of a notice")
        link = _link(href)
        number = rest.see("withdrawal", "record") if link.withdrawn else rest.see("entity_id")
        if isinstance(number, str) and href == self._address(link, number):
            rest.take("_links", "self", "href")
        return link


def _link(href: str) -> Link:
    try:
        steps = urlsplit(href).path.strip("/").split("/")
    except ValueError:
        raise malformed("its address is none") from None
    kinds = {room: kind for kind, room in _ROOMS.items()}
    if len(steps) < 4 or steps[0] not in kinds or steps[1] != "v1":
        raise malformed("its address is not that of a notice or diffusion")
    kind, sort = kinds[steps[0]], steps[2]
    if kind is Kind.NOTICE and sort == "un":
        return Link(kind=kind, sort="un-special", entity=steps[3] == "entities")
    if sort == _WITHDRAWN:
        return Link(kind=kind, sort="", withdrawn=True)
    if sort not in (_COLOURS if kind is Kind.NOTICE else _AIMS):
        raise malformed("its address tells of no colour or aim that is known here")
    return Link(kind=kind, sort=sort)
