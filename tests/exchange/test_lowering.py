"""A label is lowered by two people and with a reason that the log keeps."""

from __future__ import annotations

import pytest

from hub.audit.events import Act
from hub.entries import RecordRow
from hub.errors import Refused
from hub.exchange.broker import Broker
from hub.exchange.correcting import correct
from hub.exchange.releasing import approve
from hub.records.label import Classification, Label, Tlp
from tests.exchange.hubs import AIGUL, BOLAT, Hubs, document, release_it, released

SECRET = Label(classification=Classification.SECRET, tlp=Tlp.AMBER).as_document()
LOWER = Label(classification=Classification.RESTRICTED, tlp=Tlp.AMBER).as_document()
WHY = "Its source was published"


@pytest.fixture
def ours(hubs: Hubs) -> Broker:
    broker = hubs.add("kz-knb")
    hubs.add("cis-atc")
    hubs.pair_all()
    hubs.agree()
    return broker


def corrected(broker: Broker, label: dict[str, object]) -> RecordRow:
    row = released(broker, "cis-atc", label=SECRET)
    return correct(broker, AIGUL, row.record_id, document(label=label))


def lowerings(broker: Broker) -> list[tuple[str, str | None, dict[str, str]]]:
    with broker.store.read() as view:
        events = [event for _, event in view.events(after=0, limit=100)]
    return [(str(e.actor), e.justification, dict(e.details)) for e in events if e.act is Act.LABEL_LOWERED]


def test_a_lower_label_is_not_released_without_a_reason(ours: Broker) -> None:
    row = corrected(ours, LOWER)
    with pytest.raises(Refused, match="asks for less than the one before in classification") as refusal:
        release_it(ours, row)
    assert refusal.value.code == "label-lowered"
    assert lowerings(ours) == []


def test_a_lower_label_with_a_reason_is_released_and_logged_with_both_officers(ours: Broker) -> None:
    row = corrected(ours, LOWER)
    approve(ours, BOLAT, row.record_id, digest=row.digest, recipients=row.recipients, lowered_because=WHY)
    told = {"version": "2", "parts": "classification", "author": str(AIGUL)}
    assert lowerings(ours) == [(str(BOLAT), WHY, told)]


def test_who_drafted_the_lower_label_cannot_release_it(ours: Broker) -> None:
    row = corrected(ours, LOWER)
    with pytest.raises(Refused) as refusal:
        approve(ours, AIGUL, row.record_id, digest=row.digest, recipients=row.recipients, lowered_because=WHY)
    assert refusal.value.code in {"four-eyes", "policy-denied"}
    assert lowerings(ours) == []


def test_a_reason_that_says_nothing_is_refused(ours: Broker) -> None:
    row = corrected(ours, LOWER)
    with pytest.raises(Refused) as refusal:
        approve(ours, BOLAT, row.record_id, digest=row.digest, recipients=row.recipients, lowered_because="-")
    assert refusal.value.code == "justification-missing"


@pytest.mark.parametrize("label", [SECRET, SECRET | {"tlp": "red", "releasable_to": ["cis-atc"]}])
def test_a_label_that_is_as_strict_needs_no_reason(ours: Broker, label: dict[str, object]) -> None:
    release_it(ours, corrected(ours, label))
    assert lowerings(ours) == []


def test_only_what_was_released_before_is_compared(ours: Broker) -> None:
    first = corrected(ours, LOWER)
    approve(
        ours, BOLAT, first.record_id, digest=first.digest, recipients=first.recipients, lowered_because=WHY
    )
    release_it(ours, correct(ours, AIGUL, first.record_id, document(label=LOWER)))
    assert len(lowerings(ours)) == 1
