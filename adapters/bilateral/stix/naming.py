"""Ids, times and markings of STIX objects, derived from the record: the same record is the same bundle.

OASIS's schemas know UUIDs of versions 1 to 5 and records have version 7: each id here is a UUIDv5 of the
record's, and the record's own stands in `external_references`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid5

from hub.records.ids import is_id
from hub.records.times import as_time

#: Ours alone: whoever derives ids in it follows this module.
_NAMESPACE: Final = UUID("5b2f2b0e-6a5c-5d0f-9c39-0b8f3a1de7a4")
#: Importers that have a table of relationships, as OpenCTI does, refuse those that are not in it, and take
#: this one between any two objects: how two are linked stands in a label.
RELATED: Final = "related-to"
LINK: Final = "link:"
#: When our own definitions were made; they never change under the same id.
DEFINED_AT: Final = "2026-11-22T00:00:00.000Z"
EXTENSION_ID: Final = "extension-definition--2d0f7a57-6b1c-5f3e-8a4d-3c0e9f6b7a21"
#: The OASIS extension definition for TLP 2.0 (cti-stix-common-objects).
TLP_EXTENSION_ID: Final = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
_TLP_IDS: Final = {
    "clear": "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
    "green": "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
    "amber": "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
    "amber+strict": "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
    "red": "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
}
TLP_OF: Final = {marking: colour for colour, marking in _TLP_IDS.items()}


def object_id(sort: str, *words: object) -> str:
    """Return the id of an object of ours: the same words, the same id."""
    return f"{sort}--{uuid5(_NAMESPACE, '/'.join(map(str, words)))}"


def stamps(record: Mapping[str, Any]) -> dict[str, str]:
    """Return `created` and `modified` to the millisecond (STIX 2.1 §3.2).

    All versions of a record share `created`, the time in its id, unless the record claims to be older.
    """
    modified = as_time(record["created_at"])
    created = modified
    if is_id(record["id"]):
        milliseconds = UUID(record["id"]).int >> 80
        if milliseconds < modified.timestamp() * 1000:
            created = max(datetime.fromtimestamp(milliseconds / 1000, UTC), datetime(1970, 1, 1, tzinfo=UTC))
    return {"created": _stamp(min(created, modified)), "modified": _stamp(modified)}


def _stamp(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def tlp_marking(colour: str) -> dict[str, Any]:
    """Return the marking definition that OASIS published for a TLP 2.0 colour."""
    return {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": _TLP_IDS[colour],
        "created": "2022-10-01T00:00:00.000Z",
        "name": f"TLP:{colour.upper()}",
        "extensions": {TLP_EXTENSION_ID: {"extension_type": "property-extension", "tlp_2_0": colour}},
    }


def statement(text: str) -> dict[str, Any]:
    """Return a marking that states a part of the label in words."""
    return {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": object_id("marking-definition", text),
        "created": DEFINED_AT,
        "definition_type": "statement",
        "definition": {"statement": text},
    }


def maker() -> dict[str, Any]:
    """Return the identity under which our extension is defined."""
    return {
        "type": "identity",
        "spec_version": "2.1",
        "id": object_id("identity", "hub"),
        "created": DEFINED_AT,
        "modified": DEFINED_AT,
        "name": "hub",
        "identity_class": "system",
    }


def extension_definition() -> dict[str, Any]:
    """Return the definition of our extension: parts of a record under their paths."""
    return {
        "type": "extension-definition",
        "spec_version": "2.1",
        "id": EXTENSION_ID,
        "created_by_ref": object_id("identity", "hub"),
        "created": DEFINED_AT,
        "modified": DEFINED_AT,
        "name": "Record parts",
        "description": "Parts of an exchanged record that STIX has no place for: a list of paths and values.",
        "schema": "docs/records.md",
        "version": "1.0.0",
        "extension_types": ["property-extension"],
    }
