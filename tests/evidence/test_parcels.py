"""Partners without a hub in evidence: what went to them, what they signed, what came from them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from adapters.contract import Verdict as Said
from hub.errors import IntegrityFailure
from hub.evidence.anchors import read_anchors, write_anchors
from hub.evidence.bundle import Bundle, read_bundle
from hub.evidence.findings import Outcome, Standing, Topic
from hub.evidence.parcel_parts import ParcelPart
from hub.evidence.parts import Mode, Shown
from hub.evidence.report import render
from hub.evidence.unpacking import unpack
from hub.evidence.verifying import verify_bundle
from hub.evidence.wording import Language
from hub.exchange.correcting import correct, withdraw
from hub.exchange.erasing import confirm_erasure, propose_erasure
from hub.exchange.hubless.carrying import work_parcels
from hub.exchange.submitting import Submission, submit
from hub.records.actor import Actor, ActorKind, Role
from tests.adapters.seals.parties import ec_key, key_pem, party
from tests.evidence.parcels import AS4, FOLDER, MAIL, PARTNERS, Parcelled, hold, make_world, pin, put_key
from tests.evidence.world import keys_of, resigned, told
from tests.exchange.hubs import AIGUL, Hubs, add_member, document, officer, run_lanes

SYSTEM = Actor(kind=ActorKind.SYSTEM, id="kz-mvd", agency="kz-mvd")
ERASER, SECOND = officer("erlan", Role.CUSTODIAN), officer("sabina", Role.CUSTODIAN)


@pytest.fixture
def world(parcelled: Parcelled) -> Parcelled:
    """One record to all three partners, each of which answered; tests only add records of their own."""
    return parcelled


@pytest.fixture
def bundle(parcels: bytes) -> bytes:
    return parcels


@pytest.fixture
def apart(hubs: Hubs) -> Parcelled:
    """A world of its own, for a test that changes keys or erases."""
    return make_world(hubs)


def of(world: Parcelled, record_id: str, mode: Mode = Mode.FULL) -> bytes:
    """Return the bundle of another record."""
    return replace(world, record_id=record_id).export(mode=mode)


def test_what_went_to_partners_without_a_hub_is_proven(world: Parcelled, bundle: bytes) -> None:
    verdict = world.verdict(bundle)
    assert verdict.outcome is Outcome.PROVEN, told(verdict)
    assert {
        *("parcel-stated", "parcel-in-log", "parcel-opens", "parcel-translated", "parcel-carried"),
        *("losses-released", "losses-approved", "parcel-approved", "approval-key-registered"),
        *("parcel-receipt-signed", "parcel-receipt-in-log", "partner-certificate-in-force"),
    } <= keys_of(verdict, Standing.PROVEN)
    signed = {(one.by, one.what) for one in verdict.signatures}
    assert {(f"{one} (CN={one})", "receipt: accepted") for one in (MAIL, AS4)} <= signed
    (content,) = verdict.contents
    assert (content.version, content.kind) == (1, "spontaneous-information")
    page = render(verdict, Language.RU)
    assert "CN=de-bka" in page
    assert "никто не подписал" in page


def test_an_unsigned_acknowledgement_is_told_as_what_could_not_be_checked(
    world: Parcelled, bundle: bytes
) -> None:
    verdict = world.verdict(bundle)
    limits = [one for one in verdict.findings if one.topic is Topic.LIMIT]
    unsigned = [one.about["agency"] for one in limits if one.key == "parcel-receipt-unsigned"]
    assert unsigned == [FOLDER]


def test_without_a_reader_of_partners_forms_it_is_incomplete(world: Parcelled, bundle: bytes) -> None:
    verdict = verify_bundle(bundle, world.anchored())
    assert verdict.outcome is Outcome.INCOMPLETE
    assert {"parcel-receipt-unread", "parcel-seal-unread"} <= keys_of(verdict, Standing.NOT_SHOWN)


def test_certificates_that_the_anchors_lack_prove_nothing(world: Parcelled, bundle: bytes) -> None:
    bare = world.verdict(bundle, world.anchored(partners={}))
    assert bare.outcome is Outcome.INCOMPLETE
    unknown = [one.about["agency"] for one in bare.findings if one.key == "parcel-receipt-unknown-key"]
    assert unknown == [MAIL, AS4]
    stranger = (party(MAIL, ec_key()).certificate,)
    other = world.anchored(partners={**world.anchored().partners, MAIL: stranger})
    assert "parcel-receipt-unknown-key" in keys_of(world.verdict(bundle, other), Standing.NOT_SHOWN)


def test_anchors_name_the_partners_certificates_and_none_of_ours(world: Parcelled) -> None:
    anchors = world.anchored()
    assert anchors.partners == {one: (world.them[one].certificate,) for one in (MAIL, AS4)}
    raw = write_anchors(anchors)
    assert b'"hub-anchors/2"' in raw
    assert read_anchors(raw).fingerprint == anchors.fingerprint
    assert b'"hub-anchors/1"' in write_anchors(replace(anchors, partners={}))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace("hub-anchors/2", "hub-anchors/1"),
        lambda text: text.replace('"de-bka"', '"fr-dgsi"'),
        lambda text: text.replace('"de-bka"', '"Nobody"'),
        lambda text: text.replace("-----BEGIN CERTIFICATE-----", " -----BEGIN CERTIFICATE-----"),
    ],
)
def test_anchors_with_other_partners_than_may_be_are_refused(world: Parcelled, spoil: Any) -> None:
    text = write_anchors(world.anchored()).decode()
    with pytest.raises(IntegrityFailure) as failure:
        read_anchors(spoil(text).encode())
    assert failure.value.code == "anchors-invalid"


def test_a_refusal_is_proven_with_its_code(world: Parcelled) -> None:
    row = world.send(MAIL, AS4)
    world.answer(MAIL, AS4, code="not-competent", record_id=row.record_id)
    verdict = world.verdict(of(world, row.record_id))
    assert verdict.outcome is Outcome.PROVEN, told(verdict)
    signed = [one.about for one in verdict.findings if one.key == "parcel-receipt-signed"]
    assert [(one["agency"], one["status"], one["reason"]) for one in signed] == [
        (MAIL, "refused", " (not-competent)"),
        (AS4, "refused", " (not-competent)"),
    ]


def test_without_an_answer_nobody_is_shown_to_have_got_it(world: Parcelled) -> None:
    row = world.send(FOLDER)
    verdict = world.verdict(of(world, row.record_id))
    assert keys_of(verdict, Standing.NOT_SHOWN) == {"no-parcel-receipt"}


def test_commitments_alone_show_digests_and_receipts_and_no_content(world: Parcelled, bundle: bytes) -> None:
    raw = world.export(mode=Mode.COMMITMENTS)
    verdict = world.verdict(raw)
    assert verdict.outcome is Outcome.INCOMPLETE
    assert not verdict.of(Standing.DISPROVEN), told(verdict)
    assert {"parcel-withheld", "losses-not-shown", "parcel-answers-not-shown"} <= keys_of(
        verdict, Standing.NOT_SHOWN
    )
    assert {"parcel-receipt-signed", "parcel-in-log", "parcel-approved"} <= keys_of(verdict, Standing.PROVEN)
    for part in read_bundle(raw).bundle.parcels:
        assert (part.shown, part.content, part.content_key, part.losses) == (Shown.WITHHELD, None, None, None)
        assert part.receipts


@pytest.mark.slow
def test_a_partner_that_changed_its_certificate_is_believed_by_the_one_of_the_time(apart: Parcelled) -> None:
    before = apart.send(MAIL).record_id
    apart.answer(MAIL, record_id=before)
    old, new = apart.them[MAIL], party(MAIL, ec_key())
    hold(apart, MAIL, MAIL, new.certificate)
    apart.them = {**apart.them, MAIL: new}
    after = apart.send(MAIL).record_id
    apart.answer(MAIL, record_id=after)
    for record_id in (before, after):
        verdict = apart.verdict(of(apart, record_id))
        assert verdict.outcome is Outcome.PROVEN, told(verdict)
    third = apart.send(MAIL).record_id
    parcel = apart.parcel(MAIL, third)
    apart.put(MAIL, apart.mailed(parcel, Said(taken=True), by=old), parcel)
    apart.look(MAIL)
    late = apart.verdict(of(apart, third))
    assert [(one.key, one.code) for one in late.of(Standing.DISPROVEN)] == [
        ("parcel-receipt-false", "signature-invalid")
    ]


@pytest.mark.slow
def test_what_a_partner_is_read_by_is_the_profile_of_the_time(apart: Parcelled) -> None:
    record_id = apart.send(FOLDER).record_id
    apart.answer(FOLDER, record_id=record_id)
    pin(apart, FOLDER, more="max_parcel_bytes = 4096\n")
    verdict = apart.verdict(of(apart, record_id))
    assert verdict.outcome is Outcome.PROVEN, told(verdict)
    assert len(read_bundle(of(apart, record_id)).bundle.trust) == 2


@pytest.mark.slow
@pytest.mark.parametrize("mode", Mode)
def test_an_erased_parcel_is_told_as_erased_and_leaves_no_digest(apart: Parcelled, mode: Mode) -> None:
    apart.record_id = apart.send(*PARTNERS).record_id
    apart.answer(*PARTNERS)
    digests = [one.digest or "" for one in read_bundle(apart.export()).bundle.parcels]
    propose_erasure(apart.ours, ERASER, apart.record_id, justification="kept too long")
    confirm_erasure(apart.ours, SECOND, apart.record_id)
    raw = apart.export(mode=mode)
    assert not any(one in raw.decode() for one in digests)
    verdict = apart.verdict(raw)
    assert verdict.outcome is Outcome.PROVEN, told(verdict)
    gone = [one.about for one in verdict.findings if one.key == "parcel-erased"]
    assert [(one["agency"], one["answer"]) for one in gone] == [(one, "accepted") for one in PARTNERS]
    assert "parcel-carried" in keys_of(verdict, Standing.PROVEN)


def test_a_record_that_came_sealed_is_proven_by_its_senders_signature(world: Parcelled) -> None:
    record_id = world.come(MAIL, "theirs-sealed")
    verdict = world.verdict(of(world, record_id))
    assert verdict.outcome is Outcome.PROVEN, told(verdict)
    assert {
        "parcel-signed",
        "parcel-in-log",
        "record-of-document",
        "partner-certificate-in-force",
    } <= keys_of(verdict, Standing.PROVEN)
    assert (f"{MAIL} (CN={MAIL})", "document") in {(one.by, one.what) for one in verdict.signatures}
    bare = world.verdict(of(world, record_id), world.anchored(partners={}))
    assert keys_of(bare, Standing.NOT_SHOWN) == {"parcel-signature-unknown-key"}


def test_a_record_that_came_without_a_seal_says_that_nobody_signed_it(world: Parcelled) -> None:
    record_id = world.come(AS4, "theirs-plain")
    verdict = world.verdict(of(world, record_id))
    assert verdict.outcome is Outcome.PROVEN, told(verdict)
    assert "parcel-unsigned" in keys_of(verdict, Standing.NOT_CHECKED)
    assert "record-of-document" in keys_of(verdict, Standing.PROVEN)


@pytest.mark.slow
def test_what_came_and_was_erased_is_told_as_erased(apart: Parcelled) -> None:
    record_id = apart.come(MAIL)
    propose_erasure(apart.ours, ERASER, record_id, justification="kept too long", originator=MAIL)
    confirm_erasure(apart.ours, SECOND, record_id, originator=MAIL)
    verdict = apart.verdict(of(apart, record_id))
    assert verdict.outcome is Outcome.PROVEN, told(verdict)
    assert "parcel-erased" in keys_of(verdict, Standing.ERASED)


@pytest.mark.slow
def test_what_opens_a_parcel_that_came_is_not_kept_where_our_key_was_replaced(apart: Parcelled) -> None:
    record_id = apart.come(MAIL)
    other = party("kz-knb", ec_key())
    hold(apart, MAIL, "smime", other.certificate)
    put_key(apart, MAIL, "smime", key_pem(other.key))
    verdict = apart.verdict(of(apart, record_id))
    assert keys_of(verdict, Standing.NOT_SHOWN) == {"parcel-not-opened"}


def test_parcels_are_unpacked_into_files(world: Parcelled, bundle: bytes) -> None:
    files = unpack(bundle)
    kinds = sorted(name.partition("-")[0] for name in files if name.startswith("parcel"))
    assert len(kinds) > 3
    parcel = world.parcel(MAIL)
    assert files[f"parcel-{parcel.parcel_id}"] == parcel.content
    assert files[f"parcel-{parcel.parcel_id}.receipt-1"]
    assert files[f"parcel-{parcel.parcel_id}.jws"].startswith(b'{"payload"')


@pytest.mark.slow
def test_a_correction_and_a_withdrawal_are_proven_with_their_parcels(apart: Parcelled) -> None:
    apart.record_id = apart.send(MAIL, FOLDER).record_id
    apart.answer(MAIL, FOLDER)
    apart.release(correct(apart.ours, AIGUL, apart.record_id, document(narrative="put right")))
    apart.answer(MAIL, FOLDER)
    apart.release(withdraw(apart.ours, AIGUL, apart.record_id, reason="it was another man"))
    apart.answer(MAIL, FOLDER)
    verdict = apart.verdict(apart.export())
    assert verdict.outcome is Outcome.PROVEN, told(verdict)
    versions = [one.about["version"] for one in verdict.findings if one.key == "parcel-receipt-signed"]
    assert versions == ["1", "2", "3"]
    assert [one.action for one in verdict.contents] == ["new", "correction", "withdrawal"]
    propose_erasure(apart.ours, ERASER, apart.record_id, justification="kept too long")
    confirm_erasure(apart.ours, SECOND, apart.record_id)
    erased = apart.verdict(apart.export())
    assert erased.outcome is Outcome.PROVEN, told(erased)


@pytest.mark.slow
def test_a_record_to_a_hub_and_to_partners_without_one_is_proven_both_ways(apart: Parcelled) -> None:
    apart.record_id = apart.send("sco-rats", MAIL, FOLDER).record_id
    run_lanes(apart.ours)
    apart.answer(MAIL, FOLDER)
    raw = apart.export()
    verdict = apart.verdict(raw, apart.anchored(needed=0, witnesses=()))
    assert verdict.outcome is Outcome.PROVEN, told(verdict)
    found = keys_of(verdict, Standing.PROVEN)
    assert {"envelope-signed", "receipt-signed", "parcel-receipt-signed", "parcel-translated"} <= found
    assert len(verdict.contents) == 1
    propose_erasure(apart.ours, ERASER, apart.record_id, justification="kept too long")
    confirm_erasure(apart.ours, SECOND, apart.record_id)
    erased = apart.verdict(apart.export(), apart.anchored(needed=0, witnesses=()))
    assert erased.outcome is Outcome.PROVEN, told(erased)
    assert {"envelope-erased", "parcel-erased"} <= keys_of(erased, Standing.ERASED)


@pytest.mark.slow
def test_what_went_by_rule_has_no_approval_and_is_proven(apart: Parcelled) -> None:
    add_member(apart.ours, "kz-mvd")
    (found,) = submit(apart.ours, SYSTEM, [Submission(document=document("designation"), recipients=[AS4])])
    apart.record_id = found.record_id
    work_parcels(apart.ours, AS4)
    apart.answer(AS4)
    verdict = apart.verdict(apart.export())
    assert verdict.outcome is Outcome.PROVEN, told(verdict)
    assert "released-by-rule" in keys_of(verdict, Standing.PROVEN)


# What a lying exporter, whose own signature is good, may not have called proven.


def swapped(world: Parcelled, raw: bytes, whose: str, **changes: Any) -> Outcome:
    """Return the verdict on a bundle of which one parcel says something else."""

    def change(whole: Bundle) -> Bundle:
        return replace(
            whole,
            parcels=tuple(replace(one, **changes) if one.agency == whose else one for one in whole.parcels),
        )

    return world.verdict(resigned(raw, world.ours, change)).outcome


def part(raw: bytes, agency: str) -> ParcelPart:
    return next(one for one in read_bundle(raw).bundle.parcels if one.agency == agency)


def test_a_receipt_for_another_parcel_is_never_proof(world: Parcelled, bundle: bytes) -> None:
    row = world.send(MAIL, AS4)
    world.answer(MAIL, AS4, record_id=row.record_id)
    other = of(world, row.record_id)
    for agency in (MAIL, AS4):
        assert swapped(world, bundle, agency, receipts=part(other, agency).receipts) is not Outcome.PROVEN


def test_a_receipt_for_another_parcel_that_was_logged_is_disproven(world: Parcelled) -> None:
    """A hub that lies from the start: it logs as this parcel's receipt what its partner signed of another."""
    first, second = world.send(MAIL, AS4).record_id, world.send(MAIL, AS4).record_id
    for agency, write in ((MAIL, world.mailed), (AS4, world.signalled)):
        raw = write(world.parcel(agency, first), Said(taken=True))
        world.put(agency, raw, world.parcel(agency, second))
        world.look(agency)
    verdict = world.verdict(of(world, second))
    assert [(one.key, one.code) for one in verdict.of(Standing.DISPROVEN)] == [
        ("parcel-receipt-false", "receipt-invalid")
    ] * 2


def test_a_receipt_by_another_partner_is_disproven(world: Parcelled) -> None:
    row = world.send(MAIL)
    parcel = world.parcel(MAIL, row.record_id)
    stranger = party("it-aise", ec_key())
    world.put(MAIL, world.mailed(parcel, Said(taken=True), by=stranger), parcel)
    world.look(MAIL)
    verdict = world.verdict(of(world, row.record_id))
    assert [one.key for one in verdict.of(Standing.DISPROVEN)] == ["parcel-receipt-false"]


def test_an_unsigned_receipt_that_the_log_calls_signed_is_disproven(world: Parcelled) -> None:
    row = world.send(MAIL)
    parcel = world.parcel(MAIL, row.record_id)
    world.put(MAIL, b"5.1.1", parcel, "delivery-failed")
    world.look(MAIL)
    verdict = world.verdict(of(world, row.record_id))
    assert [one.key for one in verdict.of(Standing.DISPROVEN)] == ["parcel-receipt-false"]


def test_an_as4_receipt_of_other_bytes_is_not_tied_to_these(world: Parcelled) -> None:
    row = world.send(AS4)
    parcel = world.parcel(AS4, row.record_id)
    world.put(AS4, world.signalled(replace(parcel, content=b"other"), Said(taken=True)), parcel)
    world.look(AS4)
    verdict = world.verdict(of(world, row.record_id))
    assert keys_of(verdict, Standing.NOT_SHOWN) == {"parcel-receipt-not-tied"}


@pytest.mark.slow
def test_what_was_dropped_is_missed(world: Parcelled, bundle: bytes) -> None:
    def verdict(**changes: Any) -> set[str]:
        raw = resigned(bundle, world.ours, lambda whole: replace(whole, **changes))
        found = world.verdict(raw)
        assert found.outcome is not Outcome.PROVEN
        return keys_of(found, Standing.NOT_SHOWN) | keys_of(found, Standing.DISPROVEN)

    whole = read_bundle(bundle).bundle
    assert "parcel-left-out" in verdict(parcels=whole.parcels[1:])
    assert "parcel-approval-not-shown" in verdict(approvals=())
    assert "partner-profile-not-shown" in verdict(trust=())
    assert "parcel-receipt-left-out" in verdict(
        parcels=tuple(replace(one, receipts=()) for one in whole.parcels)
    )
    assert "parcel-statement-not-shown" in verdict(
        parcels=tuple(replace(one, statement=None) for one in whole.parcels)
    )
    assert "losses-not-shown" in verdict(parcels=tuple(replace(one, losses=None) for one in whole.parcels))
    assert "parcel-answers-not-shown" in verdict(
        approvals=tuple(replace(one, answers=None, salt=None) for one in whole.approvals)
    )
    for act, missing in (
        ("released", "parcel-not-in-log"),
        ("carried", "parcel-not-carried"),
        ("receipt-kept", "parcel-receipt-not-in-log"),
        ("partner-changed", "partner-pin-not-shown"),
        ("officer-key", "approval-key-not-shown"),
    ):
        kept = tuple(
            entry
            for entry in whole.entries
            if not any(one.field == "act" and one.value == act for one in entry.disclosed)
        )
        assert missing in verdict(entries=kept), act


@pytest.mark.slow
def test_what_was_exchanged_is_disproven(world: Parcelled, bundle: bytes) -> None:
    mail, folder = part(bundle, MAIL), part(bundle, FOLDER)
    losses = {**(mail.losses or {}), "lost": ["narrative"]}
    other_item = {**(folder.losses or {}), "lost": []}
    for changes in (
        {"losses": losses},
        {"losses": folder.losses},
        {"statement": folder.statement},
        {"content": folder.content},
        {"content": folder.content, "digest": folder.digest},
        {"content_key": bytes(32)},
        {"version": 2},
    ):
        assert swapped(world, bundle, MAIL, **changes) is Outcome.DISPROVEN, changes.keys()
    assert swapped(world, bundle, FOLDER, losses=other_item) is Outcome.DISPROVEN
    assert swapped(world, bundle, FOLDER, agency="gr-nis") is Outcome.DISPROVEN


@pytest.mark.slow
def test_an_approval_of_something_else_is_disproven(world: Parcelled, bundle: bytes) -> None:
    row = world.send(*PARTNERS, narrative="another")
    others = read_bundle(of(world, row.record_id)).bundle.approvals
    (given,) = read_bundle(bundle).bundle.approvals
    assert given.approval.signed is not None
    fewer = replace(given.approval.signed, openings=given.approval.signed.openings[1:])
    for approvals in (
        others,
        (replace(given, approval=replace(given.approval, signed=fewer)),),
        (replace(given, answers=[{"losses": "0" * 64}]),),
        (replace(given, approval=replace(given.approval, by="officer:dana")),),
    ):
        raw = resigned(
            bundle,
            world.ours,
            lambda whole, told=approvals: replace(whole, approvals=told),  # type: ignore[misc]
        )
        verdict = world.verdict(raw)
        assert verdict.outcome is Outcome.DISPROVEN


@pytest.mark.slow
def test_a_document_that_came_is_not_exchanged_for_another(world: Parcelled) -> None:
    first, second = world.come(MAIL, "one"), world.come(MAIL, "two")
    raw, other = of(world, first), part(of(world, second), MAIL)
    for changes in (
        {"content": other.content, "content_key": other.content_key},
        {"content": other.content, "content_key": other.content_key, "digest": other.digest},
        {"content_key": other.content_key},
        {"parcel_id": other.parcel_id},
    ):
        assert swapped(world, raw, MAIL, **changes) is not Outcome.PROVEN, changes.keys()
    content = read_bundle(of(world, second)).bundle.contents
    exchanged = resigned(raw, world.ours, lambda whole: replace(whole, contents=content))
    assert world.verdict(exchanged).outcome is Outcome.DISPROVEN


@pytest.mark.parametrize("form", ["hub-evidence/1", "hub-evidence/2"])
def test_bundles_of_the_formats_before_have_no_parcels(world: Parcelled, bundle: bytes, form: str) -> None:
    with pytest.raises(ValueError, match="which its format"):
        replace(read_bundle(bundle).bundle, format=form)
