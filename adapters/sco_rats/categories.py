"""Which of the Convention's six sorts of information a record is, as far as it says so itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hub.records.kinds import Kind

#: What spontaneous information is about -> its category; `other` has none.
_TOPICS: Final = {
    "planned-attack": 1,
    "attack": 1,
    "recruitment": 3,
    "training": 3,
    "fighter-travel": 3,
    "return-of-fighters": 3,
    "arms": 4,
    "financing": 5,
    "propaganda": 6,
    "cyber": 6,
}
_KINDS: Final = {Kind.GROUP_PROFILE.value: 3, Kind.WANTED_PERSON.value: 3}
_DANGEROUS: Final = frozenset({"arms", "munitions", "explosives", "wmd-materials"})
_TRADE: Final = 4


def category(record: Mapping[str, Any]) -> int | None:
    """Return the category; None for requests, answers and notices, and where the record does not decide it.

    The second, preparations against protected persons and events, no field of a record tells.
    """
    details = record.get("details", {})
    match record.get("kind"):
        case Kind.SPONTANEOUS_INFORMATION.value:
            return _TOPICS.get(details.get("about"))
        case Kind.TRANSPORT_CHANNEL.value:
            return _TRADE if _DANGEROUS & set(details.get("carries", ())) else None
        case kind:
            return _KINDS.get(str(kind))
