"""What comes in: nobody keeps another's record out, and nobody learns what is not theirs to know."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from hub.envelope.encoding import b64u
from hub.envelope.manifest import Approval
from hub.errors import Refused
from hub.exchange.attachments import announce, read_attachment, upload
from hub.exchange.contents import find_row
from hub.exchange.correcting import correct
from hub.exchange.receiving import receive
from hub.exchange.routing import collect, read_record
from hub.exchange.upkeep import trace
from hub.ports import Transfer
from hub.records.actor import Actor, ActorKind, Role
from hub.records.ids import new_id
from hub.records.lifecycle import EntryState, RecordState
from tests.exchange.crafting import craft, craft_stating, sealed_of, stated, stated_by_each
from tests.exchange.hubs import (
    AIGUL,
    Hubs,
    add_member,
    document,
    officer,
    release_it,
    released,
    run_lanes,
    with_limits,
)

READER = officer("igor", Role.READER, agency="sco-rats")


@pytest.fixture
def three(hubs: Hubs) -> Hubs:
    """kz-knb, cis-atc and sco-rats, all paired."""
    for agency in ("kz-knb", "cis-atc", "sco-rats"):
        hubs.add(agency)
    hubs.pair_all()
    hubs.agree(extra=("ru-mvd",))
    return hubs


def taken(hubs: Hubs, at: str, peer: str, *raws: bytes) -> list[str | None]:
    """Hand envelopes to a hub; return the codes, None for accepted."""
    transfers = stated_by_each(hubs.network.brokers, *raws, to=at)
    outcomes = receive(hubs.network.brokers[at], peer, transfers)
    return [outcome.code for outcome in outcomes]


def test_a_corecipient_with_the_same_record_id_keeps_nothing_of_the_originator_out(three: Hubs) -> None:
    ours, rival, far = three.network.brokers.values()
    three.network.down.add("sco-rats")
    row = released(ours, "cis-atc", "sco-rats")
    run_lanes(ours)
    three.network.down.clear()
    assert taken(three, "sco-rats", "cis-atc", craft(rival, "sco-rats", told={"id": row.record_id})) == [None]
    three.clock.pass_(400)
    run_lanes(ours)
    release_it(ours, correct(ours, AIGUL, row.record_id, document()))
    run_lanes(ours)
    assert {entry.state for entry in trace(ours, row.record_id).entries} == {EntryState.ACCEPTED}
    with far.store.read() as view:
        theirs = view.records.versions(row.record_id, originator="kz-knb")
        others = view.records.versions(row.record_id, originator="cis-atc")
    assert [(v.version, v.state) for v in theirs] == [
        (1, RecordState.SUPERSEDED),
        (2, RecordState.RECEIVED),
    ]
    assert [(v.version, v.state) for v in others] == [(1, RecordState.RECEIVED)]


def test_an_id_that_two_originators_sent_is_shown_to_nobody_by_guess(three: Hubs) -> None:
    ours, rival, far = three.network.brokers.values()
    first = craft(ours, "sco-rats", told={"id": (record_id := new_id()), "narrative": "the honest one"})
    second = craft(rival, "sco-rats", told={"id": record_id, "narrative": "the other one"})
    add_member(far, "ru-mvd")
    assert taken(three, "sco-rats", "kz-knb", first) == [None]
    assert taken(three, "sco-rats", "cis-atc", second) == [None]
    with pytest.raises(Refused) as refused:
        read_record(far, READER, record_id, justification="case 26-114")
    assert refused.value.code == "conflict"
    assert "cis-atc and kz-knb" in refused.value.sentence
    honest = read_record(far, READER, record_id, originator="kz-knb", justification="case 26-114")
    assert honest.narrative == "the honest one"
    with far.store.read() as view:
        assert find_row(view, record_id, originator="kz-knb").originator == "kz-knb"
    got = {c.row.originator: c.record.narrative for c in collect(far, "ru-mvd", after=0, limit=5) if c.record}
    assert got == {"kz-knb": "the honest one", "cis-atc": "the other one"}


def test_our_own_record_is_meant_where_a_partner_sent_one_with_its_id(three: Hubs) -> None:
    ours, rival, _far = three.network.brokers.values()
    row = released(ours, "cis-atc")
    assert taken(three, "kz-knb", "cis-atc", craft(rival, "kz-knb", told={"id": row.record_id})) == [None]
    life = trace(ours, row.record_id)
    assert {v.originator for v in life.versions} == {"kz-knb"}
    assert not life.deliveries
    assert not life.inbox


def test_a_member_reads_no_attachment_of_a_record_whose_id_its_own_one_borrowed(three: Hubs) -> None:
    ours, rival, _far = three.network.brokers.values()
    content = b"a photograph"
    done = upload(ours, AIGUL, announce(ours, AIGUL, size_bytes=len(content)), 0, [content])
    named = {"digest": done.digest, "name": "a.jpg", "media_type": "image/jpeg", "size_bytes": len(content)}
    row = released(ours, "cis-atc", attachments=[named])
    add_member(ours, "ru-mvd")
    assert taken(three, "kz-knb", "cis-atc", craft(rival, "kz-knb", told={"id": row.record_id})) == [None]
    assert [c.row.originator for c in collect(ours, "ru-mvd", after=0, limit=5)] == ["cis-atc"]
    system = Actor(kind=ActorKind.SYSTEM, id="ru-mvd", agency="ru-mvd")
    with pytest.raises(Refused) as refused:
        read_attachment(ours, system, row.record_id, str(done.digest), justification="case 26-114")
    assert refused.value.code == "not-found"


def test_the_same_version_in_two_envelopes_of_a_batch_is_refused_alone(three: Hubs) -> None:
    ours = three.network.brokers["kz-knb"]
    told = {"id": new_id()}
    twin, other, honest = (
        craft(ours, "cis-atc", told=told),
        craft(ours, "cis-atc", told=told),
        craft(ours, "cis-atc"),
    )
    assert taken(three, "cis-atc", "kz-knb", twin, other, honest) == [None, "conflict", None]


def test_the_same_bytes_twice_in_one_request_get_the_same_receipt(three: Hubs) -> None:
    ours, theirs, _far = three.network.brokers.values()
    (transfer,) = stated(ours, craft(ours, "cis-atc"), to="cis-atc")
    first, second = receive(theirs, "kz-knb", [transfer, transfer])
    assert first.receipt is not None
    assert second == first
    with theirs.store.read() as view:
        assert len(view.records.page(after=0, limit=5)) == 1


@pytest.mark.parametrize("honest_first", [True, False])
def test_one_id_twice_in_a_request_is_taken_once_whichever_comes_first(
    three: Hubs, honest_first: bool
) -> None:
    ours, theirs, _far = three.network.brokers.values()
    (honest,) = stated(ours, craft(ours, "cis-atc"), to="cis-atc")
    garbage = replace(honest, sealed=honest.sealed.replace(b'{"ciphertext":"', b'{"ciphertext":"AAAA', 1))
    both = [honest, garbage] if honest_first else [garbage, honest]
    codes = [outcome.code for outcome in receive(theirs, "kz-knb", both)]
    assert codes == ([None, "envelope-id-reused"] if honest_first else ["statement-invalid", None])


def test_whoever_may_not_hand_an_envelope_over_gets_no_signature_for_it(three: Hubs) -> None:
    ours, _rival, far = three.network.brokers.values()
    row = released(ours, "cis-atc", "sco-rats")
    raw = sealed_of(ours, row.record_id)
    (outcome,) = receive(far, "cis-atc", [Transfer(sealed=raw)])
    assert (outcome.code, outcome.receipt) == ("originator-mismatch", None)
    assert taken(three, "sco-rats", "kz-knb", raw) == [None]


def test_garbage_under_an_id_tells_a_stranger_nothing_of_what_came(three: Hubs) -> None:
    ours, _rival, _far = three.network.brokers.values()
    row = released(ours, "cis-atc", "sco-rats")
    raw = sealed_of(ours, row.record_id)
    garbage = raw.replace(b'{"ciphertext":"', b'{"ciphertext":"AAAA', 1)
    before = taken(three, "sco-rats", "cis-atc", garbage)
    assert taken(three, "sco-rats", "kz-knb", raw) == [None]
    assert taken(three, "sco-rats", "cis-atc", garbage) == before == ["originator-mismatch"]
    assert taken(three, "sco-rats", "kz-knb", garbage) == ["envelope-id-reused"]


def test_a_dialect_that_this_hub_does_not_know_is_refused(three: Hubs) -> None:
    ours, theirs, _far = three.network.brokers.values()
    raw = craft_stating(ours, theirs, dialect="nobody-knows/9", kind="notice", version=77)
    (outcome,) = receive(theirs, "kz-knb", stated(ours, raw, to="cis-atc"))
    assert outcome.code == "dialect-unknown"
    assert outcome.receipt is not None
    with theirs.store.read() as view:
        assert not view.records.page(after=0, limit=5)


def test_an_envelope_that_nobody_approved_is_refused(three: Hubs) -> None:
    ours, theirs, _far = three.network.brokers.values()
    assert taken(three, "cis-atc", "kz-knb", craft_stating(ours, theirs, approvals=())) == [
        "approval-missing"
    ]


def test_an_approval_of_other_content_cannot_be_signed(three: Hubs) -> None:
    ours, theirs, _far = three.network.brokers.values()
    other = Approval(by="r", at=ours.clock.now(), digest=b64u(b"\1" * 32))
    with pytest.raises(Exception, match="other content"):
        craft_stating(ours, theirs, approvals=(other,))


def test_a_life_longer_than_this_hub_allows_is_refused(three: Hubs) -> None:
    ours, theirs, _far = three.network.brokers.values()
    greedy = with_limits(ours, time_to_live_s=ours.limits.time_to_live_s + 301)
    assert taken(three, "cis-atc", "kz-knb", craft(greedy, "cis-atc")) == ["time-to-live-too-long"]
    fits = with_limits(ours, time_to_live_s=ours.limits.time_to_live_s + 299)
    assert taken(three, "cis-atc", "kz-knb", craft(fits, "cis-atc")) == [None]
    assert theirs.limits.clock_skew_s == timedelta(minutes=5).total_seconds()


def test_an_envelope_larger_than_our_limit_is_refused_with_a_receipt(three: Hubs) -> None:
    ours, theirs, _far = three.network.brokers.values()
    raw = craft(ours, "cis-atc")
    narrow = with_limits(theirs, envelope_max_bytes=len(raw) - 1)
    (outcome,) = receive(narrow, "kz-knb", stated(ours, raw, to="cis-atc"))
    assert outcome.code == "envelope-too-large"
    assert outcome.receipt is not None
