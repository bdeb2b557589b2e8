"""The third-party rule: what came is passed on with its originator's consent, for as long as it holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from hub.entries import RecordRow
from hub.exchange.agreements import adopt
from hub.exchange.broker import Broker
from hub.exchange.consenting import Answered, answer_consent, ask_consent
from hub.exchange.correcting import correct, withdraw
from hub.exchange.drafting import revise
from hub.exchange.dues.reminding import falling_due
from hub.exchange.routing import collect, read_record
from hub.exchange.upkeep import trace
from hub.policy.dues import Due
from hub.ports import Clock
from hub.records.ids import new_id
from hub.records.label import Classification, Label, Tlp
from hub.records.lifecycle import RecordState
from tests.exchange.hubs import (
    AIGUL,
    BOLAT,
    CUSTODIAN,
    START,
    Hubs,
    LooseKeyring,
    add_member,
    agreement_text,
    release_it,
    released,
    run_lanes,
)
from tests.exchange.test_attachments import refused

pytestmark = pytest.mark.slow

OURS, THEIRS = "cis-atc", "kz-knb"
ORCON = Label(classification=Classification.RESTRICTED, tlp=Tlp.AMBER, originator_control=True).as_document()
UNTIL = START.date() + timedelta(days=30)


@dataclass(frozen=True, kw_only=True)
class Ahead:
    """A clock that has jumped forward by some days."""

    clock: Clock
    days: int

    def now(self) -> datetime:
        return self.clock.now() + timedelta(days=self.days)


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Hubs]:
    hubs = Hubs(folder=tmp_path)
    for agency in (OURS, THEIRS):
        hubs.add(agency)
    hubs.pair_all()
    hubs.agree(extra=("kz-mvd", "kz-border"))
    for member in ("kz-mvd", "kz-border"):
        add_member(hubs.network.broker(THEIRS), member)
    yield hubs
    hubs.close()


@pytest.fixture
def originator(pair: Hubs) -> Broker:
    return pair.network.broker(OURS)


@pytest.fixture
def holder(pair: Hubs) -> Broker:
    return pair.network.broker(THEIRS)


def sent(originator: Broker) -> RecordRow:
    row = released(originator, THEIRS, label=ORCON)
    run_lanes(originator)
    return row


def asked(holder: Broker, originator: Broker, row: RecordRow, *members: str) -> RecordRow:
    request = ask_consent(
        holder, AIGUL, row.record_id, pass_to=members or ("kz-mvd",), aim="Check the files.", reply_by=UNTIL
    )
    release_it(holder, request)
    run_lanes(holder)
    return request


def answered(originator: Broker, request: RecordRow, said: Answered, **more: tuple[str, ...]) -> RecordRow:
    row = answer_consent(originator, AIGUL, request.record_id, said, **more)
    release_it(originator, row)
    run_lanes(originator)
    return row


def shown(holder: Broker, member: str = "kz-mvd") -> list[str]:
    found = collect(holder, member, after=0, limit=20)
    return [one.row.record_id for one in found if one.record is not None and not one.withheld]


GRANTED = Answered(until=UNTIL, conditions="No copies.")


def test_what_is_under_originator_control_is_shown_with_consent_and_not_without(
    originator: Broker, holder: Broker
) -> None:
    row = sent(originator)
    assert shown(holder) == []
    request = asked(holder, originator, row)
    assert trace(originator, request.record_id).versions[-1].reply_due_at is not None
    assert shown(holder) == []
    answered(originator, request, GRANTED)
    assert shown(holder) == [row.record_id]
    assert shown(holder, "kz-border") == []
    assert trace(holder, request.record_id).versions[-1].state is RecordState.ANSWERED
    with holder.store.read() as view:
        assert not list(falling_due(view, holder.limits, Due.REPLY, at=holder.clock.now(), within_s=9e6))


def test_what_goes_back_cites_an_article_of_its_own_way(originator: Broker, holder: Broker) -> None:
    row = sent(originator)
    text = agreement_text([OURS, THEIRS, "kz-mvd", "kz-border"]).replace("version = 1", "version = 2", 1)
    begun, back, rest = text.partition(f'from = ["{THEIRS}"]')
    back += rest.replace('articles = ["1"]', 'articles = ["2"]', 1)
    article = '[[articles]]\nnumber = "2"\nabout = "The other way"\n\n[[flows]]'
    for broker in (originator, holder):
        adopt(broker, CUSTODIAN, begun.replace("[[flows]]", article, 1) + back)
    request = asked(holder, originator, row)
    assert request.articles == ("2",)
    consent = answered(originator, request, GRANTED)
    assert consent.articles == ("1",)
    assert shown(holder) == [row.record_id]


def test_a_refusal_shows_nothing_and_ends_the_request(originator: Broker, holder: Broker) -> None:
    row = sent(originator)
    request = asked(holder, originator, row)
    answered(originator, request, Answered(explained="The source would be known."))
    assert shown(holder) == []
    assert trace(holder, request.record_id).versions[-1].state is RecordState.ANSWERED
    assert holder.standing().consents == ()


def test_consent_ends_on_its_day(pair: Hubs, originator: Broker, holder: Broker) -> None:
    row = sent(originator)
    answered(originator, asked(holder, originator, row), GRANTED)
    pair.clock.pass_(30 * 86400)
    assert shown(holder) == [row.record_id]
    pair.clock.pass_(86400)
    assert shown(holder) == []


def test_consent_that_is_withdrawn_holds_no_more(originator: Broker, holder: Broker) -> None:
    row = sent(originator)
    consent = answered(originator, asked(holder, originator, row), GRANTED)
    assert shown(holder) == [row.record_id]
    release_it(originator, withdraw(originator, AIGUL, consent.record_id, reason="a mistake"))
    run_lanes(originator)
    assert shown(holder) == []
    assert holder.standing().consents == ()


def test_consent_that_is_corrected_grants_what_it_says_now(originator: Broker, holder: Broker) -> None:
    row = sent(originator)
    consent = answered(originator, asked(holder, originator, row, "kz-mvd", "kz-border"), GRANTED)
    told = dict(read_record(originator, BOLAT, consent.record_id, justification="case 17").document)
    told["details"] = {**told["details"], "pass_to": ["kz-border"]}  # type: ignore[dict-item]
    release_it(originator, correct(originator, AIGUL, consent.record_id, told))
    run_lanes(originator)
    assert shown(holder) == []
    assert shown(holder, "kz-border") == [row.record_id]


def test_the_originator_grants_to_some_of_those_that_were_asked_for(
    originator: Broker, holder: Broker
) -> None:
    row = sent(originator)
    request = asked(holder, originator, row, "kz-mvd", "kz-border")
    with refused("request-invalid"):
        answer_consent(originator, AIGUL, request.record_id, GRANTED, pass_to=("kz-nbk",))
    answered(originator, request, GRANTED, pass_to=("kz-border",))
    assert (shown(holder), shown(holder, "kz-border")) == ([], [row.record_id])


def test_corrections_of_the_record_follow_under_the_same_consent(originator: Broker, holder: Broker) -> None:
    row = sent(originator)
    answered(originator, asked(holder, originator, row), GRANTED)
    told = dict(read_record(originator, BOLAT, row.record_id, justification="case 17").document)
    release_it(originator, correct(originator, AIGUL, row.record_id, told))
    run_lanes(originator)
    versions = [one.row.version for one in collect(holder, "kz-mvd", after=0, limit=20) if one.record]
    assert versions[-1] == 2


def test_nobody_consents_to_anothers_record(pair: Hubs, originator: Broker, holder: Broker) -> None:
    """A consent names its record under its own originator: of nobody else's does it grant anything."""
    row = sent(originator)
    answered(originator, asked(holder, originator, row), GRANTED)
    day = START.date()
    standing = holder.standing()
    assert standing.consented(OURS, row.record_id, "kz-mvd", on=day)
    assert not standing.consented(THEIRS, row.record_id, "kz-mvd", on=day)


def test_anothers_record_with_the_same_id_hides_nothing(tmp_path: Path) -> None:
    hubs = Hubs(folder=tmp_path)
    for agency in (OURS, THEIRS, "sco-rats"):
        hubs.add(agency)
    hubs.pair_all()
    hubs.agree(extra=("kz-mvd",))
    holder, originator = hubs.network.broker(THEIRS), hubs.network.broker(OURS)
    add_member(holder, "kz-mvd")
    row = sent(originator)
    stranger = hubs.network.broker("sco-rats")
    released(stranger, THEIRS, id=row.record_id)
    run_lanes(stranger)
    request = ask_consent(
        holder, AIGUL, row.record_id, pass_to=["kz-mvd"], aim="Check the files.", originator=OURS
    )
    release_it(holder, request)
    run_lanes(holder)
    answered(originator, request, GRANTED)
    collected = collect(holder, "kz-mvd", after=0, limit=20)
    assert {one.row.originator for one in collected if one.record} == {"sco-rats", OURS}
    hubs.close()


def test_only_what_came_and_is_in_force_is_asked_about_and_only_for_members(
    originator: Broker, holder: Broker
) -> None:
    row = sent(originator)
    with refused("transition-invalid"):
        ask_consent(originator, AIGUL, row.record_id, pass_to=("kz-mvd",), aim="x")
    with refused("partner-unknown"):
        ask_consent(holder, AIGUL, row.record_id, pass_to=("xx-nobody",), aim="x")
    with refused("role-missing"):
        ask_consent(holder, BOLAT, row.record_id, pass_to=("kz-mvd",), aim="x")
    with refused("transition-invalid"):
        answer_consent(holder, AIGUL, row.record_id, GRANTED)
    release_it(originator, withdraw(originator, AIGUL, row.record_id, reason="a mistake"))
    run_lanes(originator)
    with refused("transition-invalid"):
        ask_consent(holder, AIGUL, row.record_id, pass_to=("kz-mvd",), aim="x")


def test_consent_is_granted_to_nobody_who_never_got_the_record(pair: Hubs, originator: Broker) -> None:
    stranger = replace(pair.add("de-bka"), keyring=LooseKeyring("de-bka", 77))
    pair.network.brokers["de-bka"] = stranger
    for ours, theirs in ((originator, stranger), (stranger, originator)):
        pair.pair(ours, theirs)
    pair.agree_again(2, extra=("kz-mvd", "kz-border"))
    row = sent(originator)
    request = released(
        stranger,
        OURS,
        kind="consent-request",
        narrative="",
        subjects=[],
        details={
            "record": {"id": row.record_id, "version": 1},
            "pass_to": ["kz-mvd"],
            "aim": "Check the files.",
        },
    )
    run_lanes(stranger)
    with refused("consent-unfounded"):
        answer_consent(originator, AIGUL, request.record_id, GRANTED, originator="de-bka")
    said = Answered(explained="There is nothing to pass on.")
    refusal = answer_consent(originator, AIGUL, request.record_id, said, originator="de-bka")
    release_it(originator, refusal)


def test_consent_that_was_drafted_by_hand_for_who_never_got_it_is_not_released(
    originator: Broker, holder: Broker
) -> None:
    row = sent(originator)
    request = asked(holder, originator, row)
    drafted = answer_consent(originator, AIGUL, request.record_id, GRANTED)
    told = dict(read_record(originator, BOLAT, drafted.record_id, justification="case 17").document)
    details = dict(told["details"])  # type: ignore[call-overload]
    unknown = {"id": new_id(), "version": 1}
    changed = revise(
        originator,
        AIGUL,
        drafted.record_id,
        document=told | {"details": details | {"record": unknown}},
        expected_revision=drafted.revision,
    )
    with refused("consent-unfounded"):
        release_it(originator, changed)


def test_a_clock_that_jumped_forward_forgets_no_consent(
    pair: Hubs, originator: Broker, holder: Broker
) -> None:
    first, second = sent(originator), sent(originator)
    answered(originator, asked(holder, originator, first), GRANTED)
    request = asked(holder, originator, second)
    drafted = answer_consent(originator, AIGUL, request.record_id, GRANTED)
    ahead = replace(holder, clock=Ahead(clock=pair.clock, days=6))
    pair.network.brokers[THEIRS] = ahead
    short = Answered(until=START.date() + timedelta(days=3))
    release_it(
        originator,
        answer_consent(originator, AIGUL, asked(holder, originator, sent(originator)).record_id, short),
    )
    release_it(originator, drafted)
    run_lanes(originator)
    pair.network.brokers[THEIRS] = holder
    held = {one.record_id for one in holder.standing().consents}
    assert {first.record_id, second.record_id} <= held
    assert len(held) == 3
