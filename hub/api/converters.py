"""Names in addresses: what does not have the form of an id, agency or digest is simply not found."""

from __future__ import annotations

from typing import Final

from werkzeug.routing import BaseConverter

from hub.records.ids import AGENCY, ID

ID_PATTERN: Final = f"^{ID.pattern}$"
AGENCY_PATTERN: Final = f"^{AGENCY.pattern}$"
DIGEST_PATTERN: Final = "^[0-9a-f]{64}$"
#: C2SP tlog-tiles: x001/x234/067, and the width of a partial tile behind it.
PLACE_PATTERN: Final = r"^(x[0-9]{3}/){0,6}[0-9]{3}(\.p/([1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5]))?$"
LEVEL_PATTERN: Final = "^([0-9]|[1-5][0-9]|6[0-3])$"
DOCUMENT_PATTERN: Final = r"^(timestamp|[1-9][0-9]{0,9}\.[a-z][a-z0-9-]{1,80})\.json$"
ENTRY_PATTERN: Final = r"^[0-9a-f]{64}\.entry\.jws$"


class _Name(BaseConverter):
    pattern: str
    title: str

    def __init_subclass__(cls) -> None:
        # werkzeug anchors the expression itself and wants no groups in it.
        cls.regex = cls.pattern[1:-1].replace("(", "(?:")


class IdConverter(_Name):
    """A UUIDv7 in lowercase."""

    pattern, title = ID_PATTERN, "UUIDv7"


class AgencyConverter(_Name):
    """An agency's id."""

    pattern, title = AGENCY_PATTERN, "agency id"


class LevelConverter(_Name):
    """A level of a tile."""

    pattern, title = LEVEL_PATTERN, "level of a tile"


class PlaceConverter(_Name):
    """Where a tile is within its level, and how wide it is when it is partial."""

    pattern, title = PLACE_PATTERN, "place of a tile"
    part_isolating = False  # it has slashes


class DigestConverter(_Name):
    """A SHA-256 in lowercase hex."""

    pattern, title = DIGEST_PATTERN, "SHA-256"


class DocumentConverter(_Name):
    """A document of the directory of agencies: its version before its role, the timestamp without one."""

    pattern, title = DOCUMENT_PATTERN, "document of the directory"


class EntryConverter(_Name):
    """An entry of the directory, named by the SHA-256 of its bytes."""

    pattern, title = ENTRY_PATTERN, "entry of the directory"


class AuthorityConverter(_Name):
    """The first 16 digits of an authority's id."""

    pattern, title = "^[0-9a-f]{16}$", "authority id"


CONVERTERS: Final[dict[str, type[_Name]]] = {
    "id": IdConverter,
    "authority": AuthorityConverter,
    "agency": AgencyConverter,
    "digest": DigestConverter,
    "level": LevelConverter,
    "place": PlaceConverter,
    "document": DocumentConverter,
    "entry": EntryConverter,
}


def described(converter: _Name) -> dict[str, object]:
    """Return a path parameter's schema."""
    return {"type": "string", "title": converter.title, "pattern": converter.pattern}
