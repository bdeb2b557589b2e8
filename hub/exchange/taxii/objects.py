"""STIX objects as a collection tells them apart: by id, version and content. What they say is not read."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from typing import Any, Final

import msgspec

from hub.envelope.encoding import refuse_deeper
from hub.errors import IntegrityFailure, PeerFault
from hub.records.times import as_time

_ID: Final = re.compile(r"([a-z][a-z0-9-]{1,250})--[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DEPTH_MAX: Final = 64
_DIGITS_MAX: Final = 40
#: Writes JSON in which numbers stand as they came.
write: Final = msgspec.json.Encoder(decimal_format="number").encode
_SORTED: Final = msgspec.json.Encoder(order="sorted", decimal_format="number").encode


@dataclass(frozen=True, kw_only=True)
class Found:
    """One object: its version is absent where nothing in it changes (STIX 2.1 §3.6)."""

    object_id: str
    sort: str
    version: datetime | None
    digest: str
    value: Mapping[str, Any] = field(repr=False)


def read_objects(raw: bytes, *, most: int) -> list[Found]:
    """Read the objects of an envelope or a bundle, each told apart from the others.

    Raises PeerFault `partner-document-malformed` and `-hostile`, IntegrityFailure
    `partner-document-ambiguous` where one id and version comes with two contents.
    """
    try:
        value = json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_float=_number,
            parse_int=_number,
            parse_constant=_number,
        )
        if isinstance(value, dict):
            refuse_deeper(value, _DEPTH_MAX)
        write(value)
    except (RecursionError, ValueError) as error:  # also what is not JSON, not UTF-8 or half a character
        if isinstance(error, (json.JSONDecodeError, UnicodeDecodeError)):
            raise _malformed("it is not JSON in UTF-8") from None
        raise _hostile("it nests too deep, or a text is no text") from None
    listed = value.get("objects") if isinstance(value, dict) else None
    if not isinstance(listed, list) or not listed or len(listed) > most:
        raise _malformed(f"its objects are not a list of 1 to {most:,}")
    return _once([_found(each, place) for place, each in enumerate(listed)])


def bundle(bundle_id: str, objects: Sequence[Found]) -> bytes:
    """Return objects as a STIX bundle."""
    listed = [one.value for one in objects]
    return write({"type": "bundle", "id": f"bundle--{bundle_id}", "objects": listed})


def ambiguous() -> IntegrityFailure:
    """Build the failure for an object that changed without a new version."""
    return IntegrityFailure(
        "partner-document-ambiguous",
        "An object came before with the same id and version and other content; a change takes a new "
        "`modified`.",
    )


def _once(objects: Sequence[Found]) -> list[Found]:
    seen: dict[tuple[str, datetime | None], Found] = {}
    for one in objects:
        known = seen.setdefault((one.object_id, one.version), one)
        if known.digest != one.digest:
            raise ambiguous()
    return list(seen.values())


def _found(each: Any, place: int) -> Found:
    named = _ID.fullmatch(str(each.get("id"))) if isinstance(each, dict) else None
    if named is None or each.get("type") != named[1]:
        raise _malformed(f"object {place} has no id of its type")
    if each.get("spec_version", "2.1") != "2.1":
        raise _malformed(f"object {place} is not of STIX 2.1")
    stamp = each.get("modified", each.get("created"))
    try:
        version = None if stamp is None else as_time(str(stamp))
    except ValueError:
        raise _malformed(f"object {place} has a version that is no time") from None
    return Found(
        object_id=each["id"],
        sort=named[1],
        version=version,
        digest=sha256(_SORTED(each)).hexdigest(),
        value=each,
    )


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _hostile("an object in it holds the same name twice")
    return found


def _number(text: str) -> Decimal | int:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise _hostile("a number in it is beyond all bounds") from None
    if len(text) > _DIGITS_MAX or not number.is_finite() or abs(number.adjusted()) > _DIGITS_MAX:
        raise _hostile("a number in it is beyond all bounds")
    return int(text) if text.lstrip("-").isdigit() else number


def _malformed(sentence: str) -> PeerFault:
    return PeerFault("partner-document-malformed", f"The partner's document cannot be read: {sentence}.")


def _hostile(sentence: str) -> PeerFault:
    return PeerFault("partner-document-hostile", f"The partner's document is not opened: {sentence}.")
