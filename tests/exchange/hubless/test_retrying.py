"""A parcel that was refused and kept is weighed again by a person's decision, once, and logged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hub.audit.events import Act
from hub.entries import IntakeRow
from hub.errors import HubError, Refused
from hub.exchange.agreements import adopt
from hub.exchange.contents import read_content
from hub.exchange.hubless.discarding import discard_parcels
from hub.exchange.hubless.pinning import pin_profile, profile_digest, suspend_hubless
from hub.exchange.hubless.retrying import retry_parcel
from hub.records.actor import Role
from tests.exchange.hubless.conftest import THEM, Pair, make_pair, profile_text
from tests.exchange.hubless.test_keeping import DECIDES, NOTICE
from tests.exchange.hubless.test_taking import intakes, packed, records, theirs, verdicts
from tests.exchange.hubs import CUSTODIAN, Hubs, agreement_text, officer

WHY = "the agreement was adopted since"


@pytest.fixture
def refused(made: Any) -> Pair:
    """A partner whose parcel was refused because no agreement named it."""
    pair: Pair = made(dialect="record-json")
    record = {**theirs(pair), "legal_basis": {"agreement": "late-treaty", "articles": ["1"]}}
    pair.send(packed(pair, record))
    pair.look()
    assert verdicts(pair) == ["policy-denied"]
    return pair


def agree(pair: Pair) -> None:
    adopt(
        pair.broker,
        CUSTODIAN,
        agreement_text(["kz-knb", THEM]).replace("test-treaty", "late-treaty"),
    )


def retry(pair: Pair) -> IntakeRow:
    return retry_parcel(pair.broker, CUSTODIAN, THEM, "theirs-1", why=WHY)


def told(pair: Pair, act: Act) -> list[Any]:
    with pair.broker.store.read() as view:
        return [one for _, one in view.events(after=0, limit=500) if one.act is act]


def test_what_was_refused_is_taken_once_the_rules_allow_it(refused: Pair) -> None:
    agree(refused)
    row = retry(refused)
    (record,) = records(refused)
    (intake,) = intakes(refused)
    assert (intake.code, intake.record_id, intake.body_id) == (None, record.record_id, row.body_id)
    (event,) = told(refused, Act.ADMITTED)
    assert (event.actor, event.justification) == (CUSTODIAN, WHY)
    assert event.details["again"] == "parcel-retry"
    with refused.broker.store.read() as view:
        assert read_content(refused.broker, view, record)
        assert view.bodies.get_many([intake.body_id])
    with pytest.raises(Refused, match=r"^not-found"):
        retry(refused)


def test_the_same_bytes_then_come_to_the_verdict_that_they_are_taken(refused: Pair) -> None:
    sent = refused.broker
    with sent.store.read() as view:
        (held,) = view.hubless.held_intakes(limit=5)
        body = view.bodies.get_many([held.body_id])
    assert body
    agree(refused)
    retry(refused)
    refused.carrier.settle("theirs-1")
    with sent.store.read() as view:
        assert view.hubless.held_intakes(limit=5) == []
        assert view.hubless.held_count(THEM, most=5) == 0


def test_what_is_refused_again_says_why_and_stays_kept(refused: Pair) -> None:
    for _ in range(2):
        with pytest.raises(HubError) as error:
            retry(refused)
        assert error.value.code == "policy-denied"
    (intake,) = intakes(refused)
    assert intake.code == "policy-denied"
    again = [one for one in told(refused, Act.REFUSED) if one.details.get("again")]
    assert [(one.actor, one.justification) for one in again] == [(CUSTODIAN, WHY)] * 2
    assert records(refused) == []


def test_a_document_of_another_form_is_told_by_its_new_code(refused: Pair) -> None:
    refused.send(b"{", "broken")
    refused.look()
    with pytest.raises(HubError) as error:
        retry_parcel(refused.broker, CUSTODIAN, THEM, "broken", why=WHY)
    assert error.value.code == "partner-document-malformed"


@pytest.mark.parametrize("case", ["role-missing", "justification-missing", "partner-unknown", "not-found"])
def test_it_is_an_operators_reasoned_decision_about_what_is_kept(refused: Pair, case: str) -> None:
    actor = officer("aigul", Role.DRAFTER) if case == "role-missing" else CUSTODIAN
    agency = "xx-none" if case == "partner-unknown" else THEM
    why = "" if case == "justification-missing" else WHY
    if case == "not-found":
        discard_parcels(refused.broker, CUSTODIAN, THEM, "theirs-1", why="not needed")
    with pytest.raises(Refused) as error:
        retry_parcel(refused.broker, actor, agency, "theirs-1", why=why)
    assert error.value.code == case


def test_nothing_is_weighed_for_who_is_suspended(refused: Pair) -> None:
    suspend_hubless(refused.broker, CUSTODIAN, THEM)
    with pytest.raises(Refused, match=r"^partner-suspended"):
        retry(refused)


@pytest.mark.parametrize(
    "change",
    [
        lambda record: {**record, "kind": "mo\0od"},
        lambda record: {**record, "details": {**record["details"], "mo\0od": 1}},
        lambda record: {**record, "narrative": "a\0b"},
        lambda record: {**record, "id": "a\0b"},
        lambda record: {**record, "mo\0od": "\ud800"},
        lambda record: {**record, "originator": "de\0bka"},
    ],
)
def test_text_that_a_database_cannot_hold_blocks_no_parcel(made: Any, change: Any) -> None:
    pair: Pair = made(dialect="record-json")
    pair.send(json.dumps(change(theirs(pair))).encode(), "odd")
    pair.send(packed(pair, theirs(pair)), "plain")
    pair.look()
    assert len(verdicts(pair)) == 2
    assert intakes(pair, "plain")[0].code is None


def test_an_objects_name_that_a_database_cannot_hold_blocks_no_parcel(made: Any) -> None:
    pair: Pair = made(dialect="stix")
    bundle = json.loads(packed(pair, theirs(pair)))
    for one in bundle["objects"]:
        one["modified"] = "2026-01-01T00:00:00\0Z" if "modified" in one else None
    pair.send(json.dumps(bundle).encode(), "odd")
    pair.send(packed(pair, theirs(pair)), "plain")
    pair.look()
    assert len(verdicts(pair)) == 2
    assert intakes(pair, "plain")[0].code is None


def test_a_form_that_was_overtaken_while_it_was_held_undoes_nothing(hubs: Hubs, tmp_path: Path) -> None:
    """Notices have no versions: what is newer is told by when it came."""
    pair = make_pair(hubs, profile_text(tmp_path / "drop", adapter="interpol"), tmp_path)
    pair.send(json.dumps(NOTICE | {"forename": "BEFORE"}).encode())
    pair.look()
    assert verdicts(pair) == ["record-invalid"]
    source = profile_text(tmp_path / "drop", adapter="interpol", extra=DECIDES)
    pin_profile(pair.broker, CUSTODIAN, THEM, source, confirmed_digest=profile_digest(source))
    pair.send(json.dumps(NOTICE | {"forename": "NOW"}).encode(), "theirs-2")
    pair.look()
    with pytest.raises(Refused) as refusal:
        retry(pair)
    assert refusal.value.code == "conflict"
    assert [one.version for one in records(pair)] == [1]
    pair.send(json.dumps(NOTICE | {"forename": "LATER"}).encode(), "theirs-3")
    pair.look()
    assert [(one.version, one.action) for one in records(pair)] == [(1, "new"), (2, "correction")]
    assert len({one.record_id for one in records(pair)}) == 1
