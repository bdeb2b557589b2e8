"""Names in addresses: what does not have the form of an id, agency or digest is simply not found."""

from __future__ import annotations

from typing import Final

from werkzeug.routing import BaseConverter

from hub.records.ids import AGENCY, ID

ID_PATTERN: Final = f"^{ID.pattern}$"
AGENCY_PATTERN: Final = f"^{AGENCY.pattern}$"
DIGEST_PATTERN: Final = "^[0-9a-f]{64}$"


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


class DigestConverter(_Name):
    """A SHA-256 in lowercase hex."""

    pattern, title = DIGEST_PATTERN, "SHA-256"


CONVERTERS: Final[dict[str, type[_Name]]] = {
    "id": IdConverter,
    "agency": AgencyConverter,
    "digest": DigestConverter,
}


def described(converter: _Name) -> dict[str, object]:
    """Return a path parameter's schema."""
    return {"type": "string", "title": converter.title, "pattern": converter.pattern}
