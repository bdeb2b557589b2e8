"""Under which names a profile has the certificates by which the partner's word counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from adapters.profiles import parse_profile
from hub.errors import Refused

_SEALS: Final = frozenset({"smime", "smime-gost"})
#: What seals and carriers that sign call them; other carriers have receipts that nobody signs.
_SIGNING: Final = {"mail": ("their_certificates", "their_authorities"), "as4": ("their_certificates",)}


def signing_names(agency: str, source: str) -> frozenset[str]:
    """Return the names that a profile's seal and carrier give the partner's certificates.

    There are none where it has no such part, or cannot be read any more.
    """
    try:
        profile = parse_profile(source)
    except Refused:
        return frozenset()
    return names_in_seal(agency, profile) | names_in_carrier(agency, profile)


def names_in_seal(agency: str, profile: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of those who may sign documents."""
    table = table_of(profile, "seal")
    wanted = ("their_certificates", "their_authorities") if table.get("name") in _SEALS else ()
    return frozenset(_named(agency, table, wanted))


def names_in_carrier(agency: str, profile: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of those who may sign receipts."""
    table = table_of(profile, "carrier")
    return frozenset(_named(agency, table, _SIGNING.get(str(table.get("name")), ())))


def table_of(profile: Mapping[str, Any], part: str) -> Mapping[str, Any]:
    """Return one table of a profile; empty where there is none."""
    table = profile.get(part)
    return table if isinstance(table, dict) else {}


def _named(agency: str, table: Mapping[str, Any], wanted: tuple[str, ...]) -> Iterator[str]:
    for name in wanted:
        value = table.get(name, agency if name == "their_certificates" else None)
        if isinstance(value, str) and value:
            yield value
