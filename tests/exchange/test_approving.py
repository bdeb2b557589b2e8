"""A release is the second officer's own signature; where several are needed, all sign the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jws
from joserfc.jwk import ECKey

from hub.audit.events import Act, AuditEvent
from hub.entries import Custody, RecordRow
from hub.envelope.keys import jwk, thumbprint
from hub.errors import Refused
from hub.exchange import officer_keys
from hub.exchange.accounts import add_officer, change_clearance, change_roles, reset, set_active
from hub.exchange.agreements import adopt
from hub.exchange.approving import ByPassword, Detached, approvals_of, refuse_ended, standing_approvals
from hub.exchange.broker import Broker
from hub.exchange.contents import find_row, read_content, read_manifest
from hub.exchange.correcting import withdraw
from hub.exchange.drafting import discard, draft, revise
from hub.exchange.erasing import confirm_erasure, propose_erasure
from hub.exchange.officer_keys import enrol, own_key, read_public_jwk, revoke
from hub.exchange.releasing import Approved, approve, ask_statement, reject
from hub.exchange.upkeep import expire, resume
from hub.policy.approvals import ReleasePolicy
from hub.records.actor import Actor, Role
from hub.records.label import Classification
from hub.records.lifecycle import RecordState
from tests.exchange.hubs import (
    AIGUL,
    CUSTODIAN,
    Hubs,
    agreement_text,
    document,
    officer,
    run_lanes,
    with_limits,
)

PASSWORD = "Қар жауған түн 2026"
BOLAT = officer("bolat", Role.RELEASER, Role.READER, Role.OPERATOR)
ERLAN = officer("erlan", Role.RELEASER)
OPENS = ByPassword(password=PASSWORD)


@pytest.fixture
def ours(hubs: Hubs) -> Broker:
    broker = hubs.add("kz-knb")
    hubs.add("cis-atc")
    hubs.pair_all()
    hubs.agree()
    for one in (BOLAT, ERLAN):
        add_officer(
            broker, CUSTODIAN, name=one.id, password=PASSWORD, roles=one.roles, clearance=one.clearance
        )
    return broker


@pytest.fixture
def two(ours: Broker, hubs: Hubs) -> Broker:
    """Return a hub where two officers release what is secret."""
    broker = replace(ours, releases=ReleasePolicy(signed=True, secret_officers=2))
    hubs.network.brokers["kz-knb"] = broker
    return broker


def secret(broker: Broker, **changes: Any) -> RecordRow:
    label = {**document()["label"], "classification": "secret"}  # type: ignore[dict-item]
    return draft(broker, AIGUL, document(label=label, **changes), recipients=["cis-atc"])


def plain(broker: Broker) -> RecordRow:
    return draft(broker, AIGUL, document(), recipients=["cis-atc"])


def decide(broker: Broker, who: Actor, row: RecordRow, sign: Any = OPENS) -> Approved:
    return approve(broker, who, row.record_id, digest=row.digest, recipients=row.recipients, sign=sign)


def refusal(broker: Broker, who: Actor, row: RecordRow, sign: Any = OPENS) -> Refused:
    with pytest.raises(Refused) as caught:
        decide(broker, who, row, sign)
    return caught.value


def stored(broker: Broker, row: RecordRow) -> RecordRow:
    with broker.store.read() as view:
        return find_row(view, row.record_id)


def events(broker: Broker, *acts: Act) -> list[AuditEvent]:
    with broker.store.read() as view:
        return [event for _, event in view.events(after=0, limit=1000) if event.act in acts]


def keys_of(broker: Broker, name: str) -> list[Any]:
    with broker.store.read() as view:
        return list(view.officer_keys.of_officer(name))


def test_the_recipient_gets_the_officers_own_signature(ours: Broker, hubs: Hubs) -> None:
    row = plain(ours)
    assert decide(ours, BOLAT, row).release is not None
    run_lanes(ours)
    theirs = hubs.network.brokers["cis-atc"]
    with theirs.store.read() as view:
        came = read_manifest(theirs, view, find_row(view, row.record_id))
    (approval,) = came.approvals
    assert approval.by == "officer:bolat"
    assert approval.signed is not None
    assert approval.signed.kid == keys_of(ours, "bolat")[0].kid
    (released,) = events(ours, Act.RELEASED)
    assert released.details["approver_keys"] == approval.signed.kid


@pytest.mark.parametrize("sign", [None, ByPassword(password="another long sentence")])
def test_who_has_a_key_releases_nothing_without_it(ours: Broker, sign: ByPassword | None) -> None:
    row = plain(ours)
    wanted = "approval-unsigned" if sign is None else "credentials-invalid"
    assert refusal(ours, BOLAT, row, sign).code == wanted
    assert stored(ours, row).state is RecordState.DRAFT


def test_wrong_passwords_for_a_key_are_counted_and_lock_it(ours: Broker) -> None:
    hurried, row = with_limits(ours, login_failures_max=2), plain(ours)
    for _ in range(2):
        assert refusal(hurried, BOLAT, row, ByPassword(password="wrong")).code == "credentials-invalid"
    assert "wait" in refusal(hurried, BOLAT, row).sentence
    assert len(events(hurried, Act.LOGIN_FAILED)) == 3


def test_wrong_passwords_for_a_key_that_come_at_once_are_all_counted(
    ours: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    hurried, row, wrong = with_limits(ours, login_failures_max=2), plain(ours), ByPassword(password="wrong")
    opening: Callable[..., object] = officer_keys.open_key

    def while_another_comes(*given: object, **more: object) -> object:
        monkeypatch.setattr(officer_keys, "open_key", opening)
        assert refusal(hurried, BOLAT, row, wrong).code == "credentials-invalid"
        return opening(*given, **more)

    monkeypatch.setattr(officer_keys, "open_key", while_another_comes)
    assert refusal(hurried, BOLAT, row, wrong).code == "credentials-invalid"
    assert "wait" in refusal(hurried, BOLAT, row).sentence


def test_nobody_without_a_key_releases_where_all_must_sign(two: Broker) -> None:
    revoke(two, CUSTODIAN, "bolat")
    assert refusal(two, BOLAT, plain(two)).code == "approval-unsigned"


def test_an_officer_without_a_key_still_releases_where_a_hub_allows_it(ours: Broker) -> None:
    revoke(ours, CUSTODIAN, "bolat")
    assert decide(ours, BOLAT, plain(ours), None).release is not None
    assert refusal(ours, BOLAT, plain(ours), Detached(statement=b"", secret=b"", signature="")).code == (
        "approval-unsigned"
    )


def detached(broker: Broker, row: RecordRow, key: ec.EllipticCurvePrivateKey) -> Detached:
    """Sign as a client does that keeps its key: with a library of its own."""
    statement, salt = ask_statement(
        broker, BOLAT, row.record_id, digest=row.digest, recipients=row.recipients
    )
    head = {"alg": "ES256", "kid": thumbprint(key.public_key()), "typ": "hub-approval+jws"}
    whole = jws.serialize_compact(head, statement, ECKey.import_key(key), algorithms=["ES256"])
    first, _, last = whole.split(".")
    return Detached(statement=statement, secret=salt, signature=f"{first}..{last}")


def test_a_signature_made_elsewhere_releases(ours: Broker) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    mine = enrol(ours, BOLAT, public=jwk(key.public_key()))
    assert (mine.custody, mine.body_id) == (Custody.OFFICER, None)
    assert [one.revoked_at is None for one in keys_of(ours, "bolat")].count(True) == 1
    row = plain(ours)
    assert refusal(ours, BOLAT, row).code == "approval-unsigned"
    assert decide(ours, BOLAT, row, detached(ours, row, key)).release is not None


def test_a_signature_by_another_key_about_another_draft_or_too_old_is_refused(
    ours: Broker, hubs: Hubs
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    enrol(ours, BOLAT, public=jwk(key.public_key()))
    row, other = plain(ours), plain(ours)
    stranger = detached(ours, row, ec.generate_private_key(ec.SECP256R1()))
    for wrong in (stranger, detached(ours, other, key)):
        assert refusal(ours, BOLAT, row, wrong).code == "approval-invalid"
    late = detached(ours, row, key)
    hubs.clock.pass_(ours.limits.approval_life_s + 1)
    assert refusal(ours, BOLAT, row, late).code == "approval-invalid"


def test_a_key_is_registered_once_and_only_on_p256(ours: Broker) -> None:
    public = jwk(ec.generate_private_key(ec.SECP256R1()).public_key())
    enrol(ours, BOLAT, public=public)
    with pytest.raises(Refused, match="registered once"):
        enrol(ours, ERLAN, public=public)
    for wrong in ({"kty": "OKP"}, {**public, "x": "AAAA"}):
        with pytest.raises(Refused) as caught:
            enrol(ours, BOLAT, public=wrong)
        assert caught.value.code == "request-invalid"
    with pytest.raises(Refused, match="public key"):
        read_public_jwk("-----BEGIN NOTHING-----")


def test_a_new_password_makes_a_new_key_and_ends_the_old_one(ours: Broker) -> None:
    (before,) = keys_of(ours, "bolat")
    reset(ours, CUSTODIAN, name="bolat", password="another long sentence")
    ended, now = keys_of(ours, "bolat")
    assert (ended.kid, ended.revoked_at is None, ended.body_id) == (before.kid, False, None)
    assert now.revoked_at is None
    assert refusal(ours, BOLAT, plain(ours)).code == "credentials-invalid"
    assert [one.details["change"] for one in events(ours, Act.OFFICER_KEY)][-2:] == ["revoked", "registered"]


def test_others_than_custodians_and_the_officer_revoke_no_key(ours: Broker) -> None:
    with pytest.raises(Refused) as caught:
        revoke(ours, ERLAN, "bolat")
    assert caught.value.code == "role-missing"
    assert revoke(ours, BOLAT, "bolat").revoked_by == "officer:bolat"
    with pytest.raises(Refused, match="no signing key"):
        revoke(ours, CUSTODIAN, "bolat")


def test_what_is_secret_goes_with_the_second_of_two(two: Broker, hubs: Hubs) -> None:
    row = secret(two)
    first = decide(two, BOLAT, row)
    assert (first.release, first.given, first.needed) == (None, ("officer:bolat",), 2)
    assert stored(two, row).state is RecordState.DRAFT
    assert approvals_of(two, row.record_id) == (["officer:bolat"], 2)
    assert refusal(two, BOLAT, row).code == "four-eyes"
    done = decide(two, ERLAN, row)
    assert done.release is not None
    assert done.given == ("officer:bolat", "officer:erlan")
    run_lanes(two)
    theirs = hubs.network.brokers["cis-atc"]
    with theirs.store.read() as view:
        came = read_manifest(theirs, view, find_row(view, row.record_id))
    assert [one.by for one in came.approvals] == ["officer:bolat", "officer:erlan"]
    assert all(one.signed for one in came.approvals)
    (told,) = events(two, Act.APPROVED)
    assert (told.details["given"], told.details["needed"]) == ("1", "2")


def test_what_is_less_secret_goes_with_one(two: Broker) -> None:
    assert decide(two, BOLAT, plain(two)).release is not None


def test_any_change_voids_what_was_approved(two: Broker) -> None:
    row = secret(two)
    decide(two, BOLAT, row)
    seen = stored(two, row)
    again = revise(two, AIGUL, row.record_id, expected_revision=seen.revision, recipients=["cis-atc"])
    assert approvals_of(two, row.record_id) == ([], 2)
    assert events(two, Act.REVISED)[0].details["voided"] == "officer:bolat"
    assert decide(two, ERLAN, again).release is None


@pytest.mark.parametrize("how", ["account", "role", "clearance", "key", "agreement"])
def test_an_approval_ends_with_what_its_officer_rests_on_and_with_the_agreement(
    two: Broker, how: str
) -> None:
    row = secret(two)
    decide(two, BOLAT, row)
    if how == "account":
        set_active(two, CUSTODIAN, name="bolat", active=False)
    elif how == "role":
        change_roles(two, CUSTODIAN, name="bolat", roles=[Role.READER])
    elif how == "clearance":
        change_clearance(two, CUSTODIAN, name="bolat", clearance=Classification.RESTRICTED, compartments=[])
    elif how == "key":
        revoke(two, CUSTODIAN, "bolat")
    else:
        text = agreement_text(["kz-knb", "cis-atc"]).replace("version = 1", "version = 2")
        adopt(two, CUSTODIAN, text)
    assert decide(two, ERLAN, row).release is None


@pytest.mark.parametrize("how", ["reject", "discard"])
def test_what_is_sent_back_or_given_up_keeps_no_approval(two: Broker, how: str) -> None:
    row = secret(two)
    decide(two, BOLAT, row)
    if how == "reject":
        reject(two, ERLAN, row.record_id, reason="article 6 is missing")
    else:
        discard(two, AIGUL, row.record_id)
    with two.store.read() as view:
        assert not view.approvals.of_record("kz-knb", row.record_id)


def test_an_agreement_asks_for_more_officers_from_a_classification_on(ours: Broker) -> None:
    asks = "approvals = { confidential = 2, secret = 3 }\nby_rule"
    text = (
        agreement_text(["kz-knb", "cis-atc"]).replace("by_rule", asks).replace("version = 1", "version = 2")
    )
    adopt(ours, CUSTODIAN, text)
    assert approvals_of(ours, plain(ours).record_id)[1] == 1
    assert approvals_of(ours, secret(ours).record_id)[1] == 3


def test_a_withdrawal_waits_for_one_officer_alone(two: Broker) -> None:
    row = secret(two)
    for who in (BOLAT, ERLAN):
        decide(two, who, row)
    recall = withdraw(two, AIGUL, row.record_id, reason="it was the wrong person")
    assert decide(two, BOLAT, recall).release is not None


@pytest.mark.parametrize("how", ["recipients", "narrative", "subjects"])
def test_a_withdrawal_carries_nothing_past_the_agreement_and_the_other_officers(
    two: Broker, hubs: Hubs, how: str
) -> None:
    row = secret(two)
    for who in (BOLAT, ERLAN):
        decide(two, who, row)
    hubs.add("sco-rats")
    hubs.pair_all()
    recall = withdraw(two, AIGUL, row.record_id, reason="it was the wrong person")
    with two.store.read() as view:
        told = dict(read_content(two, view, recall).document)
    changes: dict[str, Any] = {"document": told}
    if how == "recipients":
        changes = {"recipients": ["cis-atc", "sco-rats"]}
    elif how == "narrative":
        told["narrative"] = "The source is the cook of the second house."
    else:
        told["subjects"] = document()["subjects"]
    with pytest.raises(Refused) as caught:
        revise(two, AIGUL, row.record_id, expected_revision=recall.revision, **changes)
    assert caught.value.code == "policy-denied"
    assert stored(two, row).recipients == ("cis-atc",)


@pytest.mark.parametrize("how", ["account", "agreement"])
def test_what_ends_while_a_release_is_prepared_ends_the_release(two: Broker, how: str) -> None:
    row = secret(two)
    decide(two, BOLAT, row)
    with two.store.read() as view:
        before = standing_approvals(two, view, two.standings.of(view), stored(two, row))
    if how == "account":
        set_active(two, CUSTODIAN, name="bolat", active=False)
    else:
        adopt(two, CUSTODIAN, agreement_text(["kz-knb", "cis-atc"]).replace("version = 1", "version = 2"))
    with two.store.work() as work, pytest.raises(Refused, match="meanwhile"):
        refuse_ended(two, work, stored(two, row), [*before, *before])


def test_a_release_that_is_sealed_anew_carries_the_same_signatures(ours: Broker, hubs: Hubs) -> None:
    row = plain(ours)
    decide(ours, BOLAT, row)
    with ours.store.read() as view:
        (entry,) = view.outbox.of_record(row.record_id)
    hubs.clock.pass_(ours.limits.time_to_live_s + 1)
    expire(ours)
    resume(ours, BOLAT, entry.entry_id)
    run_lanes(ours)
    theirs = hubs.network.brokers["cis-atc"]
    with theirs.store.read() as view:
        (approval,) = read_manifest(theirs, view, find_row(view, row.record_id)).approvals
    assert approval.signed is not None


def test_erasing_a_record_erases_what_was_signed_about_it(ours: Broker) -> None:
    row = plain(ours)
    decide(ours, BOLAT, row)
    run_lanes(ours)
    dana, farida = (officer(name, Role.CUSTODIAN) for name in ("dana", "farida"))
    propose_erasure(ours, dana, row.record_id, justification="the retention has ended")
    confirm_erasure(ours, farida, row.record_id)
    with ours.store.read() as view:
        (one,) = view.approvals.of_record("kz-knb", row.record_id)
        assert not view.bodies.get_many([one.body_id])


def test_who_drafts_alone_has_no_key(ours: Broker) -> None:
    add_officer(ours, CUSTODIAN, name="aigul", password=PASSWORD, roles=[Role.DRAFTER])
    with ours.store.read() as view:
        assert own_key(view, "aigul") is None
    assert enrol(ours, AIGUL, password=PASSWORD).custody is Custody.HUB
    with pytest.raises(Refused, match="Only an officer"):
        enrol(ours, CUSTODIAN, password=PASSWORD)
    with pytest.raises(Refused, match="password, or"):
        enrol(ours, AIGUL)
