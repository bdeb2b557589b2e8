"""What single objects of a STIX 2.1 bundle say of subjects and attachments."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from adapters.bilateral.stix import naming
from adapters.bilateral.stix.writing import ADDRESS
from adapters.rest import Path, Rest

TYPES: Final = {"individual": "person", "organization": "organisation", "group": "organisation"}
#: What every object has, and what our own bundles derive from the record.
_DERIVED: Final = (
    "type",
    "id",
    "spec_version",
    "created",
    "modified",
    "created_by_ref",
    "object_marking_refs",
)


Part = tuple[Path, Any]


def take_derived(view: Rest) -> None:
    """Take what every object has, which no part of the record has a place for."""
    for name in _DERIVED:
        view.take(name)


def read_subject(view: Rest) -> Iterator[Part]:
    """Yield what an identity or a location says of a subject."""
    take_derived(view)
    if view.see("type") == "identity":
        yield from read_identity(view)
    else:
        yield from _location(view)
    if (note := view.take("description")) is not None:
        yield ("note",), note
    for label in view.each("labels"):
        if str(label.see()).startswith("capacity:"):
            yield ("capacity",), str(label.take()).removeprefix("capacity:")
    for one in view.each("external_references"):
        if one.see("source_name") == "hub-key":
            yield ("key",), one.take("external_id")
            one.take("source_name")


def read_identity(view: Rest) -> Iterator[Part]:
    """Yield what an identity says of a person or an organisation."""
    sort = TYPES.get(view.see("identity_class", default=""))
    if sort is not None:
        view.take("identity_class")
        yield ("type",), sort
    yield ("names", 0, "text"), view.take("name")
    if sort != "organisation" and (roles := view.take("roles")) is not None:
        yield ("occupations",), roles


def _location(view: Rest) -> Iterator[Part]:
    yield ("type",), "place"
    if (name := view.take("name")) is not None:
        yield ("name",), name
    for ours in ("latitude", "longitude"):
        if (number := view.take(ours)) is not None:
            yield ("coordinates", ours), format(number, "f") if isinstance(number, Decimal) else str(number)
    for ours, theirs in ADDRESS.items():
        if (value := view.take(theirs)) is not None:
            yield ("address", ours), value


def read_file(view: Rest, place: int) -> Iterator[Part]:
    """Yield what a file says of an attachment."""
    take_derived(view)
    for theirs, ours in (("name", "name"), ("size", "size_bytes"), ("mime_type", "media_type")):
        if (value := view.take(theirs)) is not None:
            yield ("attachments", place, ours), value
    if (digest := view.take("hashes", "SHA-256")) is not None:
        yield ("attachments", place, "digest"), str(digest).lower()


def read_link(view: Rest) -> Any:
    """Return how two subjects are linked: what our label says, or else the relationship's own type."""
    for place, label in enumerate(view.see("labels", default=())):
        if label.startswith(naming.LINK) and view.see("relationship_type") == naming.RELATED:
            view.take("relationship_type")
            view.take("labels", place)
            return label.removeprefix(naming.LINK)
    return view.take("relationship_type")
