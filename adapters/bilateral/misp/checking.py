"""What of a MISP event must hold before any of it is read: forms, and one meaning for each UUID."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any, Final

import msgspec

from adapters.reading import malformed
from adapters.versions import ambiguous

MAX_PARTS: Final = 50_000
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_TEXTS: Final = (
    "uuid",
    "name",
    "value",
    "object_relation",
    "relationship_type",
    "comment",
    "content",
    "info",
)
_LISTS: Final = ("Tag", "Attribute", "Object", "ObjectReference", "EventReport")
_encode: Final = msgspec.json.Encoder(order="sorted", decimal_format="number").encode


def check_event(event: Mapping[str, Any]) -> None:
    """Raise PeerFault for what is not of MISP's form, IntegrityFailure for a UUID that means two things."""
    if not isinstance(event.get("uuid"), str) or not isinstance(event.get("info"), str):
        raise malformed("its event has no uuid or no info")
    seen: dict[str, bytes] = {}
    count = 0
    level: list[Any] = [event]
    while level:
        inner: list[Any] = []
        for each in level:
            count += 1
            if count > MAX_PARTS:
                raise malformed(f"it has more than {MAX_PARTS:,} parts")
            _check_forms(each)
            for name in _LISTS:
                inner += each.get(name, [])
            uuid = each.get("uuid")
            if uuid is not None and seen.setdefault(uuid, _encode(each)) != _encode(each):
                raise ambiguous("it uses one UUID for two things")
        level = inner


def _check_forms(each: Any) -> None:
    if not isinstance(each, dict):
        raise malformed("a member of one of its lists is not an object")
    if any(name in each and not isinstance(each[name], str) for name in _TEXTS):
        raise malformed("a part of it that is a text has another form")
    if any(name in each and not isinstance(each[name], list) for name in _LISTS):
        raise malformed("a part of it that is a list has another form")
    if "uuid" in each and _UUID.fullmatch(each["uuid"]) is None:
        raise malformed("a part of it has a uuid that is none")


def versions_of(event: Mapping[str, Any], objects: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return a digest of the event and each object, by UUID and time stamp."""
    return {
        f"{one.get('uuid')}@{one.get('timestamp')}": sha256(_encode(one)).hexdigest()
        for one in (event, *objects)
    }
