"""What a passage is refused for, by who would pass on and by who would get it: each with its code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from hub.entries import RecordRow
from hub.envelope.canonical import canonical
from hub.envelope.encoding import b64u, unb64u
from hub.envelope.passing import as_jws
from hub.envelope.sealing import read_signed
from hub.exchange.agreements import adopt
from hub.exchange.broker import Broker
from hub.exchange.consenting import Answered, answer_consent
from hub.exchange.correcting import correct, withdraw
from hub.exchange.drafting import draft
from hub.exchange.passing.passing_on import pass_on
from hub.exchange.releasing import approve
from hub.exchange.routing import read_record
from hub.exchange.submitting import Submission, submit
from hub.records.lifecycle import EntryState, RecordState
from tests.exchange.hubs import (
    AIGUL,
    BOLAT,
    CUSTODIAN,
    Hubs,
    agreement_text,
    document,
    release_it,
    released,
)
from tests.exchange.passages import (
    ORCON,
    A,
    B,
    C,
    asked,
    consented,
    named,
    newest,
    offered,
    passed_on,
    run,
    sent,
    signed,
    three,
)
from tests.exchange.test_attachments import refused

pytestmark = pytest.mark.slow

D = "sco-rats"


@dataclass(frozen=True, kw_only=True)
class Granted:
    """A record of A at B, and its consent to pass it on to C."""

    hubs: Hubs
    row: RecordRow
    consent: RecordRow

    @property
    def holder(self) -> Broker:
        return self.hubs.network.broker(B)

    def details(self, **changes: Any) -> dict[str, Any]:
        told = {
            "record": named(self.row),
            "signed": signed(self.holder, self.row),
            "consent": signed(self.holder, self.consent),
        }
        return told | changes


@pytest.fixture(scope="module")
def granted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Granted]:
    hubs = three(tmp_path_factory.mktemp("hubs"), D)
    row = sent(hubs)
    yield Granted(hubs=hubs, row=row, consent=consented(hubs, row))
    hubs.close()


def test_without_consent_nothing_goes_on_whoever_asks(granted: Granted) -> None:
    row = sent(granted.hubs)
    for to in ([C], [D], [C, D]):
        with refused("consent-missing"):
            pass_on(granted.holder, AIGUL, row.record_id, to=to)
    with refused("consent-missing"):
        pass_on(granted.holder, AIGUL, granted.row.record_id, to=[D])
    with refused("role-missing"):
        pass_on(granted.holder, BOLAT, granted.row.record_id, to=[C])


def test_a_label_that_names_the_recipient_is_no_consent(granted: Granted) -> None:
    row = sent(granted.hubs, label=ORCON | {"originator_control": False, "releasable_to": [B, C]})
    with refused("consent-missing"):
        pass_on(granted.holder, AIGUL, row.record_id, to=[C])


def test_only_partners_with_hubs_get_what_is_passed_on_and_never_its_originator(granted: Granted) -> None:
    for name in ("kz-mvd", "xx-nobody"):
        with refused("partner-unknown"):
            pass_on(granted.holder, AIGUL, granted.row.record_id, to=[name])
    with refused("request-invalid"):
        pass_on(granted.holder, AIGUL, granted.row.record_id, to=[A])
    with refused("request-invalid"):
        pass_on(granted.holder, AIGUL, granted.row.record_id, to=[])


def test_our_own_consents_and_what_is_not_in_force_are_not_passed_on(granted: Granted) -> None:
    ours = released(granted.holder, A)
    with refused("transition-invalid"):
        pass_on(granted.holder, AIGUL, ours.record_id, to=[C])
    with refused("transition-invalid"):
        pass_on(granted.holder, AIGUL, granted.consent.record_id, to=[C])
    row = sent(granted.hubs)
    release_it(
        granted.hubs.network.broker(A),
        withdraw(granted.hubs.network.broker(A), AIGUL, row.record_id, reason="a mistake"),
    )
    run(granted.hubs)
    with refused("transition-invalid"):
        pass_on(granted.holder, AIGUL, row.record_id, to=[C])


def test_an_agreement_that_lets_nothing_be_passed_on_holds_whatever_is_granted(granted: Granted) -> None:
    never = agreement_text([A, B, C, D]).replace('"test-treaty"', '"never-on"')
    for broker in granted.hubs.network.brokers.values():
        adopt(broker, CUSTODIAN, never.replace("articles = [", 'onward = "never"\narticles = ['))
    row = sent(granted.hubs, legal_basis={"agreement": "never-on", "articles": ["1"]})
    consented(granted.hubs, row)
    with refused("third-party-rule"):
        pass_on(granted.holder, AIGUL, row.record_id, to=[C], under="test-treaty")


def test_the_agreement_with_the_recipient_must_let_the_kind_and_the_label_go(granted: Granted) -> None:
    narrow = agreement_text([B, C]).replace('"test-treaty"', '"narrow"').replace('"secret"', '"restricted"')
    narrow = narrow.replace('"wanted-person", ', "")
    for broker in (granted.holder, granted.hubs.network.broker(C)):
        adopt(broker, CUSTODIAN, narrow)
    high = sent(granted.hubs, label=ORCON | {"classification": "confidential"})
    wanted = sent(granted.hubs, kind="wanted-person")
    for row, code in ((high, "classification-not-agreed"), (wanted, "kind-not-agreed")):
        consented(granted.hubs, row)
        with refused(code):
            pass_on(granted.holder, AIGUL, row.record_id, to=[C], under="narrow")
    with refused("agreement-missing"):
        pass_on(granted.holder, AIGUL, high.record_id, to=[C], under="no-such")


def test_the_release_asks_for_consent_again_also_of_a_draft_by_hand(
    granted: Granted,
) -> None:
    row = sent(granted.hubs)
    told = document(
        "passage",
        details=granted.details(record=named(row), signed=signed(granted.holder, row)),
        narrative="",
        label=ORCON | {"releasable_to": [A, C]},
    )
    by_hand = draft(granted.holder, AIGUL, told, recipients=[A, C])
    with refused("consent-missing"):
        release_it(granted.holder, by_hand)
    told = document("passage", details=granted.details(), narrative="", label=ORCON)
    with refused("policy-denied"):
        release_it(granted.holder, draft(granted.holder, AIGUL, told, recipients=[C]))
    with refused("conflict"):
        release_it(granted.holder, draft(granted.holder, AIGUL, told, recipients=[A, C]))


def test_a_passage_takes_two_officers_also_where_its_kind_flows_by_rule(granted: Granted) -> None:
    flowing = agreement_text([B, C, A], by_rule=("passage",)).replace('"test-treaty"', '"flowing"')
    adopt(granted.holder, CUSTODIAN, flowing)
    told = document(
        "passage",
        details=granted.details(),
        narrative="",
        legal_basis={"agreement": "flowing", "articles": ["1"]},
    )
    (one,) = submit(granted.holder, AIGUL, [Submission(document=told, recipients=[C, A])])
    assert one.state is RecordState.DRAFT
    assert "four-eyes" in {reason.code for reason in one.held_because}
    row = sent(granted.hubs)
    consented(granted.hubs, row)
    passage = pass_on(granted.holder, AIGUL, row.record_id, to=[C])
    with refused("policy-denied"):
        approve(
            granted.holder, AIGUL, passage.record_id, digest=passage.digest, recipients=passage.recipients
        )


def test_a_draft_of_what_has_changed_since_is_drafted_anew(granted: Granted) -> None:
    row = sent(granted.hubs)
    consented(granted.hubs, row)
    passage = pass_on(granted.holder, AIGUL, row.record_id, to=[C])
    a = granted.hubs.network.broker(A)
    told = dict(read_record(a, BOLAT, row.record_id, justification="case 17").document)
    release_it(a, correct(a, AIGUL, row.record_id, told | {"narrative": "Corrected."}))
    run(granted.hubs)
    with refused("conflict"):
        release_it(granted.holder, passage)


def test_a_passage_is_not_corrected_by_hand_and_nobody_gets_a_record_twice(granted: Granted) -> None:
    row = sent(granted.hubs)
    consented(granted.hubs, row)
    passage = passed_on(granted.hubs, row)
    told = dict(read_record(granted.holder, BOLAT, passage.record_id, justification="case 17").document)
    with refused("transition-invalid"):
        correct(granted.holder, AIGUL, passage.record_id, told)
    with refused("conflict"):
        pass_on(granted.holder, AIGUL, row.record_id, to=[C])


def test_what_it_was_refused_for_is_told_to_who_passes_on(granted: Granted) -> None:
    """The recipient believes the originator's signatures alone: each vector with its code."""
    hubs, details = granted.hubs, granted.details()
    other = sent(hubs)
    other_consent = consented(hubs, other)
    refusal = answer_consent(
        hubs.network.broker(A), AIGUL, asked(hubs, granted.row).record_id, Answered(explained="No.")
    )
    release_it(hubs.network.broker(A), refusal)
    to_another = consented(hubs, granted.row, D)
    run(hubs)
    vectors = {
        "consent for another record": ("consent-mismatch", signed(granted.holder, other_consent)),
        "consent for another recipient": ("consent-mismatch", signed(granted.holder, to_another)),
        "a refusal": ("consent-mismatch", signed(granted.holder, refusal)),
        "the record itself as its consent": ("consent-mismatch", details["signed"]),
        "a forged signature": ("signature-invalid", forged(details["consent"])),
        "a changed consent": ("signature-invalid", changed_inside(details["consent"])),
    }
    for about, (code, consent) in vectors.items():
        assert offered(hubs, details | {"consent": consent}) == code, about
    assert offered(hubs, details | {"signed": forged(details["signed"])}) == "signature-invalid"
    assert offered(hubs, details | {"signed": changed_inside(details["signed"])}) == "signature-invalid"
    assert offered(hubs, details | {"record": named(other)}) == "passage-invalid"
    assert offered(hubs, details | {"record": named(granted.row) | {"version": 2}}) == "passage-invalid"
    assert offered(hubs, details | {"signed": details["consent"]}) == "passage-invalid"
    assert newest(hubs.network.broker(C), granted.row) is None


def test_consent_by_another_originator_is_none(granted: Granted) -> None:
    hubs = granted.hubs
    theirs = released(hubs.network.broker(D), B, label=ORCON)
    run(hubs)
    consent = signed(granted.holder, consented(hubs, theirs))
    assert offered(hubs, granted.details(consent=consent)) == "key-unknown"


def test_consent_that_was_taken_back_or_ended_is_none(granted: Granted) -> None:
    hubs = granted.hubs
    row = sent(hubs)
    a, consent = hubs.network.broker(A), consented(hubs, row)
    told = granted.details(record=named(row), signed=signed(granted.holder, row))
    release_it(a, withdraw(a, AIGUL, consent.record_id, reason="a mistake"))
    run(hubs)
    with refused("consent-missing"):
        pass_on(granted.holder, AIGUL, row.record_id, to=[C])
    assert offered(hubs, told | {"consent": signed(granted.holder, consent)}) == "consent-mismatch"


def test_nothing_is_passed_on_in_the_name_of_a_stranger_or_by_who_was_given_no_consent(
    granted: Granted,
) -> None:
    hubs = granted.hubs
    stranger = hubs.network.broker(D)
    assert offered(hubs, granted.details(), by=D) == "consent-mismatch"
    told = granted.details(record=named(granted.row) | {"originator": "xx-nobody"})
    assert offered(hubs, told) == "originator-unknown"
    assert offered(hubs, granted.details(record=named(granted.row)), to=A) is None
    lost = named(granted.row) | {"id": stranger_id(stranger)}
    assert offered(hubs, granted.details(record=lost), to=A) == "passage-invalid"


def test_a_label_that_is_raised_beyond_the_agreement_holds_the_correction_and_says_so(
    granted: Granted,
) -> None:
    hubs, a = granted.hubs, granted.hubs.network.broker(A)
    low = agreement_text([B, C]).replace('"test-treaty"', '"low"').replace('"secret"', '"restricted"')
    for broker in (granted.holder, hubs.network.broker(C)):
        adopt(broker, CUSTODIAN, low)
    row = sent(hubs)
    consented(hubs, row)
    passage = passed_on(hubs, row, under="low")
    assert newest(hubs.network.broker(C), row) is not None
    told = dict(read_record(a, BOLAT, row.record_id, justification="case 17").document)
    release_it(a, correct(a, AIGUL, row.record_id, told | {"label": ORCON | {"classification": "secret"}}))
    run(hubs)
    with granted.holder.store.read() as view:
        entries = [one for one in view.outbox.of_record(passage.record_id) if one.version == 2]
    assert {(one.recipient, one.state, one.reason) for one in entries if one.recipient == C} == {
        (C, EntryState.HELD, "classification-not-agreed")
    }
    came = newest(hubs.network.broker(C), row)
    assert came is not None
    assert came.version == 1


def test_a_chain_takes_consent_for_each_hub_that_passes_on(granted: Granted) -> None:
    hubs = granted.hubs
    row = sent(hubs)
    consented(hubs, row, C, D)
    passed_on(hubs, row, C)
    further = hubs.network.broker(C)
    with refused("consent-missing"):
        pass_on(further, AIGUL, row.record_id, to=[D])
    told = {
        "record": named(row),
        "signed": signed(further, row),
        "consent": details_at(further, row)["consent"],
    }
    assert offered(hubs, told, by=C, to=D) == "consent-mismatch"
    assert newest(hubs.network.broker(D), row) is None
    consented(hubs, row, D, by=C)
    passed_on(hubs, row, D, by=C)
    came = newest(hubs.network.broker(D), row)
    assert came is not None
    assert (came.via, came.digest) == (C, row.digest)


def test_consent_ends_on_its_day_before_the_first_passage(tmp_path_factory: pytest.TempPathFactory) -> None:
    hubs = three(tmp_path_factory.mktemp("ended"))
    row = sent(hubs)
    consent = consented(hubs, row)
    holder = hubs.network.broker(B)
    passage = pass_on(holder, AIGUL, row.record_id, to=[C])
    hubs.clock.pass_(timedelta(days=31).total_seconds())
    with refused("consent-ended"):
        release_it(holder, passage)
    with refused("consent-ended"):
        pass_on(holder, AIGUL, row.record_id, to=[C])
    told = {"record": named(row), "signed": signed(holder, row), "consent": signed(holder, consent)}
    assert offered(hubs, told) == "consent-ended"
    hubs.close()


def forged(part: dict[str, Any]) -> dict[str, Any]:
    """Return a signed record with one bit of its first signature another."""
    first, *rest = part["signatures"]
    raw = bytearray(unb64u(first["signature"]))
    raw[-1] ^= 1
    return part | {"signatures": [first | {"signature": b64u(bytes(raw))}, *rest]}


def changed_inside(part: dict[str, Any]) -> dict[str, Any]:
    """Return a signed record that says something else than was signed."""
    manifest, content = read_signed(as_jws(part))
    told = {"manifest": manifest.as_document(), "content": {**content, "narrative": "Other words."}}
    return part | {"payload": b64u(canonical(told))}


def stranger_id(broker: Broker) -> str:
    return released(broker, B).record_id


def details_at(broker: Broker, row: RecordRow) -> dict[str, Any]:
    """Return the details of the passage that brought a record."""
    with broker.store.read() as view:
        (passage,) = view.passages.of_record(row.originator, row.record_id)
    told = read_record(broker, BOLAT, passage.passage_id, justification="case 17")
    return dict(told.details)
