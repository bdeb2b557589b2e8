"""Leaves: one spelling, and commitments that show exactly what is disclosed."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from hub.audit.events import Act, AuditEvent
from hub.audit.leaves import (
    FIELDS,
    Disclosure,
    check_disclosure,
    disclose,
    field_value,
    leaf_entry,
    read_leaf,
)
from hub.errors import IntegrityFailure
from hub.records.actor import Actor, ActorKind, Role

EVENT = AuditEvent(
    event_id="019a5f6e-1111-7abc-8def-0123456789ab",
    at=datetime(2026, 11, 22, 9, 0, 0, 250, tzinfo=UTC),
    act=Act.CONSULTED,
    actor=Actor(
        kind=ActorKind.OFFICER, id="aigul", agency="kz-knb", roles=frozenset({Role.READER, Role.DRAFTER})
    ),
    subject="019a5f6e-2222-7abc-8def-0123456789ab",
    details={"digest": "ab" * 32, "version": "1"},
    justification='тергеу № 7, "жедел"',
    salt=bytes(range(32)),
)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
events = st.builds(
    AuditEvent,
    event_id=st.just(EVENT.event_id),
    at=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    act=st.sampled_from(Act),
    actor=st.builds(
        Actor,
        kind=st.sampled_from(ActorKind),
        id=texts,
        agency=texts,
        roles=st.frozensets(st.sampled_from(Role)),
    ),
    subject=texts,
    details=st.dictionaries(texts, texts, max_size=4),
    justification=st.none() | texts,
    salt=st.binary(min_size=32, max_size=32),
)


def independently(event: AuditEvent) -> bytes:
    """Return the leaf as docs/log.md describes it, with nothing of the hub's own but the field's value."""
    assert event.salt is not None
    commitments = {}
    for name in FIELDS:
        salt = hmac.digest(event.salt, name.encode(), "sha256")
        value: Any = field_value(event, name)
        hashed = hashlib.sha256(salt + rfc8785.dumps(value)).digest()
        commitments[name] = urlsafe_b64encode(hashed).decode().rstrip("=")
    return rfc8785.dumps({"v": 1, "id": event.event_id, "commitments": commitments})


@given(events)
def test_entry_is_what_the_format_says(event: AuditEvent) -> None:
    entry = leaf_entry(event)
    assert entry == independently(event)
    assert len(entry) == 398
    assert read_leaf(entry).as_bytes() == entry


@given(events)
def test_every_disclosed_field_is_proven(event: AuditEvent) -> None:
    leaf = read_leaf(leaf_entry(event))
    for disclosure in disclose(event):
        # It went through a document meanwhile.
        check_disclosure(leaf, replace(disclosure, value=json.loads(json.dumps(disclosure.value))))


def test_names_sort_as_rfc_8785_says_beyond_the_basic_plane() -> None:
    event = replace(EVENT, details={"\uffee": "1", "\U0001f600": "2"})
    assert leaf_entry(event) == independently(event)


def test_same_moment_gives_the_same_leaf() -> None:
    astana = EVENT.at.astimezone(timezone(timedelta(hours=5)))
    assert leaf_entry(replace(EVENT, at=astana)) == leaf_entry(EVENT)


def test_a_field_is_shown_without_the_others() -> None:
    (shown,) = disclose(EVENT, ["act"])
    assert (shown.field, shown.value) == ("act", "consulted")
    assert shown.salt not in {EVENT.salt, *(other.salt for other in disclose(EVENT, FIELDS[1:]))}


@pytest.mark.parametrize("field", FIELDS)
def test_another_value_salt_or_field_is_refused(field: str) -> None:
    leaf = read_leaf(leaf_entry(EVENT))
    (shown,) = disclose(EVENT, [field])
    (other,) = disclose(EVENT, [FIELDS[FIELDS.index(field) - 1]])
    wrong = [
        replace(shown, value="other"),
        replace(shown, value=None) if shown.value is not None else replace(shown, value=""),
        replace(shown, value=[shown.value]),
        replace(shown, value=float("nan")),
        replace(shown, value=2**60),
        replace(shown, value="\ud800"),
        replace(shown, salt=bytes(32)),
        replace(shown, salt=other.salt),
        replace(shown, field=other.field),
    ]
    for disclosure in wrong:
        with pytest.raises(IntegrityFailure) as refused:
            check_disclosure(leaf, disclosure)
        assert refused.value.code == "log-commitment-mismatch"


def test_absent_justification_is_committed_to_as_null() -> None:
    event = replace(EVENT, justification=None)
    (shown,) = disclose(event, ["justification"])
    assert shown.value is None
    check_disclosure(read_leaf(leaf_entry(event)), shown)


def test_leaf_shows_nothing_of_the_event_but_its_id() -> None:
    entry = leaf_entry(EVENT).decode()
    for hidden in ("aigul", "kz-knb", "consulted", EVENT.subject, "abab", "тергеу", "2026"):
        assert hidden not in entry
    assert leaf_entry(replace(EVENT, salt=bytes(32))) != leaf_entry(EVENT)


def test_event_without_its_salt_gives_no_leaf_and_shows_nothing() -> None:
    erased = replace(EVENT, salt=None)
    with pytest.raises(ValueError, match="erased"):
        leaf_entry(erased)
    with pytest.raises(ValueError, match="erased"):
        disclose(erased)
    with pytest.raises(ValueError, match="32 bytes"):
        replace(EVENT, salt=b"short")


def test_event_of_another_id_gives_no_leaf() -> None:
    with pytest.raises(ValueError, match="UUIDv7"):
        leaf_entry(replace(EVENT, event_id=EVENT.event_id.upper()))


def test_disclosure_names_a_field_and_a_whole_salt() -> None:
    with pytest.raises(ValueError, match="no such field"):
        Disclosure(field="content", value="", salt=bytes(32))
    with pytest.raises(ValueError, match="expected 32"):
        Disclosure(field="act", value="", salt=b"")
    with pytest.raises(ValueError, match="no such field"):
        field_value(EVENT, "content")


ENTRY = leaf_entry(EVENT)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b"[" * 5000,
        b"\xff",
        ENTRY + b" ",
        ENTRY + b"\n",
        ENTRY.replace(b'"v":1', b'"v":2'),
        ENTRY.replace(b'"v":1', b'"v":1.0'),
        ENTRY.replace(b'"v":1', b'"v":true'),
        ENTRY.replace(b',"v":1', b""),
        ENTRY.replace(b'"v":1', b'"v":1,"w":1'),
        ENTRY.replace(b'"v":1', b'"v":1,"v":1'),
        ENTRY.replace(b":{", b": {"),
        ENTRY.replace(b'"act"', b'"acts"'),
        ENTRY.replace(b'"act":', b'"act":"","act":'),
        ENTRY.replace(b"019a", b"019A"),
        ENTRY.replace(EVENT.event_id.encode(), b"1"),
        ENTRY.replace(b'"' + EVENT.event_id.encode() + b'"', b"1"),
        ENTRY.replace(b'","actor', b'=","actor'),
        rfc8785.dumps({"commitments": dict.fromkeys(FIELDS, 1), "id": EVENT.event_id, "v": 1}),
        rfc8785.dumps({"commitments": dict.fromkeys(FIELDS, "QUJD"), "id": EVENT.event_id, "v": 1}),
        rfc8785.dumps({"commitments": {}, "id": EVENT.event_id, "v": 1}),
        ENTRY.decode().encode("utf-16"),
    ],
)
def test_other_spellings_of_a_leaf_are_refused(raw: bytes) -> None:
    with pytest.raises(IntegrityFailure) as refused:
        read_leaf(raw)
    assert refused.value.code == "log-entry-invalid"


def test_every_altered_byte_of_a_leaf_is_refused_or_breaks_what_it_commits_to() -> None:
    shown = disclose(EVENT)
    for at in range(len(ENTRY)):
        altered = ENTRY[:at] + bytes([ENTRY[at] ^ 1]) + ENTRY[at + 1 :]
        try:
            leaf = read_leaf(altered)
            for disclosure in shown:
                check_disclosure(leaf, disclosure)
        except IntegrityFailure:
            continue
        assert leaf.event_id != EVENT.event_id
