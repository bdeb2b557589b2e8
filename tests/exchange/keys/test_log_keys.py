"""The log changes its keys: what the old ones signed stays proven, and they can sign nothing more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from hub.audit.checkpoints import Checkpoint, sign_checkpoint, verify_checkpoint
from hub.audit.events import Act
from hub.audit.names import log_name
from hub.audit.notes import Note, read_note
from hub.audit.tiles import consistency_proof, root_of
from hub.audit.witnessing import AddCheckpoint, Verdict
from hub.errors import HubError, OurFault
from hub.exchange.broker import Broker
from hub.exchange.keys.log_keys import begin_log_keys, end_log_keys, log_keys_in_use
from hub.exchange.log.checking import check_start
from hub.exchange.log.epoch_files import EPOCHS
from hub.exchange.log.publishing import publish, published_checkpoint
from hub.exchange.log.recovering import recover
from hub.exchange.log.verifying import Finding, Verification
from hub.exchange.witness.answering import add_checkpoint
from hub.federation.card import read_card
from hub.ports import CheckpointRow, EpochRow, NoteKeySet
from hub.records.actor import Actor, ActorKind
from keys.log_keys import log_signers
from tests.exchange.hubs import CUSTODIAN, Hubs, LooseKeyring, key_set, own_card_of
from tests.exchange.log.logs import own, signed, stage, tamper, url_of

HUB = Actor(kind=ActorKind.HUB, id="kz-knb", agency="kz-knb")


def later_set(seed: bytes) -> NoteKeySet:
    return key_set(log_signers("kz-knb", ed25519=seed * 32, ml_dsa_44=seed * 32))


def keyring_of(broker: Broker) -> LooseKeyring:
    assert isinstance(broker.keyring, LooseKeyring)
    return broker.keyring


def add_keys(broker: Broker, seed: bytes = b"n") -> NoteKeySet:
    keyring = keyring_of(broker)
    keyring.later_log_sets = (*keyring.later_log_sets, later_set(seed))
    return keyring.later_log_sets[-1]


def first_set(broker: Broker) -> NoteKeySet:
    return broker.keyring.log_key_sets()[0]


def newest(broker: Broker) -> CheckpointRow:
    with broker.store.read() as view:
        row = view.log.checkpoint()
    assert row is not None
    return row


def is_signed_by(row: CheckpointRow, one: NoteKeySet) -> bool:
    try:
        verify_checkpoint(row.note, one.keys)
    except HubError:
        return False
    return True


def found(broker: Broker) -> Sequence[Finding]:
    check = Verification(store=broker.store, own=own(broker))
    for _ in check.steps():
        pass
    return check.findings


def rotated(broker: Broker) -> tuple[NoteKeySet, NoteKeySet]:
    """Return old and new keys of a log of which the old ones signed, then both, then the new ones."""
    signed(broker, 3)
    fresh = add_keys(broker)
    begin_log_keys(broker, CUSTODIAN)
    signed(broker, 2)
    end_log_keys(broker, CUSTODIAN)
    signed(broker, 2)
    return first_set(broker), fresh


def test_both_sets_sign_in_between_and_the_new_one_alone_afterwards(broker: Broker) -> None:
    before = signed(broker, 3)
    old, fresh = first_set(broker), add_keys(broker)
    assert not is_signed_by(signed(broker, 1), fresh)
    assert begin_log_keys(broker, CUSTODIAN) is True
    switch, both = newest(broker), signed(broker, 1)
    assert end_log_keys(broker, CUSTODIAN) is True
    last, alone = newest(broker), signed(broker, 1)
    assert is_signed_by(before, old)
    for row in (switch, both, last):
        assert is_signed_by(row, old)
        assert is_signed_by(row, fresh)
    assert is_signed_by(alone, fresh)
    assert not is_signed_by(alone, old)
    assert log_keys_in_use(broker) == {fresh.text}
    epochs = own(broker).epochs
    assert [(epoch.first, epoch.last) for epoch in epochs] == [(0, last.size), (switch.size, None)]
    assert found(broker) == []


def test_the_entry_that_names_old_and_new_keys_is_under_the_first_checkpoint_by_both(
    broker: Broker,
) -> None:
    signed(broker, 1)
    old, fresh = first_set(broker), add_keys(broker)
    begin_log_keys(broker, CUSTODIAN)
    with broker.store.read() as view:
        (told,) = [
            event
            for _position, event in view.events(after=0, limit=99)
            if event.details.get("step") == "log-keys-announced"
        ]
        index = view.log.index_of(told.event_id)
    assert (told.act, told.details["before"], told.details["after"]) == (
        Act.KEY_CHANGED,
        old.text,
        fresh.text,
    )
    assert index is not None
    assert index < newest(broker).size


def test_each_step_can_be_taken_again_after_a_crash(broker: Broker) -> None:
    signed(broker, 1)
    add_keys(broker)
    with pytest.raises(HubError):
        end_log_keys(broker, CUSTODIAN)
    assert begin_log_keys(broker, CUSTODIAN) is True
    assert begin_log_keys(broker, CUSTODIAN) is False
    assert end_log_keys(broker, CUSTODIAN) is True
    assert end_log_keys(broker, CUSTODIAN) is False
    assert begin_log_keys(broker, CUSTODIAN) is False


def test_keys_can_change_at_once_and_more_than_once(broker: Broker) -> None:
    signed(broker, 1)
    for seed in (b"n", b"o", b"p"):
        add_keys(broker, seed)
        begin_log_keys(broker, CUSTODIAN)
        end_log_keys(broker, CUSTODIAN)
        signed(broker, 1)
    assert len(own(broker).epochs) == 4
    assert found(broker) == []


def test_old_keys_sign_for_nothing_that_came_later(broker: Broker) -> None:
    old, fresh = rotated(broker)
    row = newest(broker)
    head = Checkpoint(origin=log_name("kz-knb"), size=row.size, root=row.root)
    for one, takes in ((old, False), (fresh, True)):
        raw = sign_checkpoint(head, one.signers, broker.clock.now())
        if takes:
            assert own(broker).verify(raw) == head
        else:
            with pytest.raises(HubError) as failed:
                own(broker).verify(raw)
            assert failed.value.code == "checkpoint-signature-invalid"


def test_new_keys_sign_for_nothing_that_came_before(broker: Broker) -> None:
    _old, fresh = rotated(broker)
    with broker.store.read() as view:
        head = Checkpoint(origin=log_name("kz-knb"), size=1, root=root_of(1, view.log.tile))
    with pytest.raises(HubError) as failed:
        own(broker).verify(sign_checkpoint(head, fresh.signers, broker.clock.now()))
    assert failed.value.code == "checkpoint-signature-invalid"


@pytest.mark.slow
def test_a_change_that_the_old_keys_did_not_sign_is_found(broker: Broker) -> None:
    """Whoever writes in the database can make no epoch of keys that the log did not hand over to."""
    _old, fresh = rotated(broker)
    with broker.store.read() as view:
        row = view.log.checkpoint(view.log.epochs()[1].checkpoint)
    assert row is not None
    kept = [line for line in read_note(row.note).signatures if any(line.is_by(k) for k in fresh.keys)]
    alone = Note(text=read_note(row.note).text, signatures=tuple(kept)).as_bytes().hex()
    literal = f"x'{alone}'" if url_of(broker).startswith("sqlite") else f"'\\x{alone}'"
    tamper(url_of(broker), f"UPDATE checkpoints SET note = {literal} WHERE number = {row.number}")
    assert [one.code for one in found(broker)] == ["checkpoint-signature-invalid"]


def test_keys_that_were_never_ours_are_refused(broker: Broker) -> None:
    rotated(broker)
    with broker.store.work() as work:
        work.log.add_epoch(
            EpochRow(number=9, checkpoint=9, size=9, at=broker.clock.now(), sets=(later_set(b"?").text,))
        )
        work.stage([broker.event(Act.KEY_CHANGED, CUSTODIAN, "kz-knb", broker.clock.now())])
        work.commit()
    with pytest.raises(HubError) as failed:
        own(broker)
    assert failed.value.code == "log-damaged"


def test_a_private_half_that_is_missing_stops_the_signing_and_says_so(broker: Broker) -> None:
    rotated(broker)
    keyring = keyring_of(broker)
    keyring.later_log_sets = (replace(keyring.later_log_sets[0], signers=()),)
    stage(broker, 1)
    with pytest.raises(OurFault) as failed:
        signed(broker, 1)
    assert failed.value.code == "key-store-invalid"


def test_a_database_from_before_the_change_is_recognised_and_gets_it_back(
    hubs_pair: tuple[Broker, Broker], tmp_path: Path
) -> None:
    ours, restored = hubs_pair
    rotated(ours)
    publish(ours.store, tmp_path / "log")
    assert (tmp_path / "log" / EPOCHS).exists()
    with restored.store.read() as view, pytest.raises(HubError) as failed:
        check_start(view.log, own(restored), published=published_checkpoint(tmp_path / "log"))
    assert failed.value.code == "log-rolled-back"

    def read(path: str) -> bytes | None:
        file = tmp_path / "log" / path
        return file.read_bytes() if file.exists() else None

    recover(restored, CUSTODIAN, read, reason="the disk failed")
    spans = [[(e.first, e.last, e.keys) for e in own(one).epochs] for one in hubs_pair]
    assert spans[0] == spans[1]
    signed(restored, 2)
    assert found(restored) == []


def test_published_changes_that_were_altered_are_refused(
    hubs_pair: tuple[Broker, Broker], tmp_path: Path
) -> None:
    ours, restored = hubs_pair
    rotated(ours)
    publish(ours.store, tmp_path / "log")
    path = tmp_path / "log" / EPOCHS
    path.write_text(path.read_text().replace('"size": 4', '"size": 3'))
    with pytest.raises(HubError) as failed:
        recover(
            restored,
            CUSTODIAN,
            lambda name: file.read_bytes() if (file := tmp_path / "log" / name).exists() else None,
            reason="the disk failed",
        )
    assert failed.value.code == "log-damaged"


def ask(witness: Broker, log: Broker, old_size: int, row: CheckpointRow) -> Verdict:
    with log.store.read() as view:
        proof = consistency_proof(old_size, row.size, view.log.tile) if old_size != row.size else ()
    raw = AddCheckpoint(old_size=old_size, proof=tuple(proof), note=read_note(row.note)).as_bytes()
    return add_checkpoint(witness, HUB, raw).verdict


def test_a_witness_goes_on_by_the_card_of_before_and_by_the_one_that_follows_it(hubs: Hubs) -> None:
    log, witness = hubs.add("kz-knb"), hubs.add("cis-atc")
    hubs.pair_all()
    first = signed(log, 3)
    assert ask(witness, log, 0, first) is Verdict.COSIGN
    add_keys(log)
    begin_log_keys(log, CUSTODIAN)
    by_old_pin = signed(log, 1)
    assert ask(witness, log, first.size, by_old_pin) is Verdict.COSIGN
    hubs.pair(witness, log)  # the card that names the new keys
    by_new_pin = signed(log, 1)
    assert ask(witness, log, by_old_pin.size, by_new_pin) is Verdict.COSIGN
    end_log_keys(log, CUSTODIAN)
    alone = signed(log, 1)
    assert ask(witness, log, by_new_pin.size, alone) is Verdict.COSIGN


def test_a_witness_that_knows_the_new_keys_refuses_the_old_ones(hubs: Hubs) -> None:
    log, witness = hubs.add("kz-knb"), hubs.add("cis-atc")
    hubs.pair_all()
    old, _fresh = rotated(log)
    hubs.pair(witness, log)
    row = newest(log)
    head = Checkpoint(origin=log_name("kz-knb"), size=row.size, root=row.root)
    stolen = replace(row, note=sign_checkpoint(head, old.signers, log.clock.now()))
    assert ask(witness, log, 0, stolen) is Verdict.UNTRUSTED
    assert ask(witness, log, 0, row) is Verdict.COSIGN


def test_the_card_tells_the_epochs(hubs: Hubs) -> None:
    log = hubs.add("kz-knb")
    assert read_card(own_card_of(log)).log_epochs == ()
    old, fresh = rotated(log)
    card = read_card(own_card_of(log))
    assert card.log_keys == fresh.keys
    assert [epoch.keys for epoch in card.log_epochs] == [old.keys, fresh.keys]
    assert card.log_epochs == own(log).epochs
