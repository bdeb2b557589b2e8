from __future__ import annotations

from collections.abc import Sequence

import pytest

from hub.audit.checkpoints import Checkpoint, read_checkpoint
from hub.audit.epochs import LogEpoch
from hub.audit.notes import read_note
from hub.errors import HubError
from hub.exchange.broker import Broker
from hub.exchange.log.checking import check_start
from hub.exchange.log.epochs import OwnKeys
from tests.exchange.log.logs import own, sequence_all, signed, stage, tamper, url_of


def check(broker: Broker, published: bytes | None = None, witnessed: Sequence[Checkpoint] = ()) -> None:
    with broker.store.read() as view:
        check_start(view.log, own(broker), published=published, witnessed=witnessed)


def refused(broker: Broker, published: bytes | None = None, witnessed: Sequence[Checkpoint] = ()) -> str:
    with pytest.raises(HubError) as failed:
        check(broker, published, witnessed)
    told = {"log-rolled-back": "`hub log recover", "checkpoint-signature-invalid": ""}
    assert told.get(failed.value.code, "runbook, A log that forked.") in failed.value.sentence
    return failed.value.code


def head_of(note: bytes) -> Checkpoint:
    return read_checkpoint(read_note(note))


def test_a_new_hub_passes(broker: Broker) -> None:
    check(broker)
    stage(broker, 1)
    check(broker)


def test_a_log_that_goes_on_from_all_that_was_signed_passes(broker: Broker) -> None:
    first, second = signed(broker, 300), signed(broker, 30)
    stage(broker, 2)
    sequence_all(broker)
    for row in (first, second):
        check(broker, row.note, [head_of(row.note)])


def test_a_database_behind_the_published_files_is_recognised(hubs_pair: tuple[Broker, Broker]) -> None:
    ours, restored = hubs_pair
    newer = signed(ours, 5)
    assert refused(restored, newer.note) == "log-rolled-back"
    signed(restored, 4)
    assert refused(restored, newer.note) == "log-rolled-back"


def test_a_database_behind_what_a_witness_saw_is_recognised(broker: Broker) -> None:
    row = signed(broker, 5)
    seen = Checkpoint(origin="kz-knb/log", size=6, root=b"r" * 32)
    assert refused(broker, row.note, [seen]) == "log-rolled-back"


def test_a_database_that_was_set_back_and_went_on_is_recognised(hubs_pair: tuple[Broker, Broker]) -> None:
    ours, restored = hubs_pair
    published = signed(ours, 5)
    signed(restored, 300)
    assert refused(restored, published.note) == "log-forked"
    assert refused(restored, None, [head_of(published.note)]) == "log-forked"


def test_entries_behind_their_own_checkpoint_are_recognised(broker: Broker) -> None:
    signed(broker, 5)
    tamper(url_of(broker), 'DELETE FROM log_entries WHERE "index" = 4')
    assert refused(broker) == "log-rolled-back"


@pytest.mark.parametrize("index", [0, 4, 299])
def test_a_changed_leaf_hash_is_recognised(broker: Broker, index: int) -> None:
    signed(broker, 300 if index == 299 else 5)
    tamper(
        url_of(broker), f'UPDATE log_entries SET leaf_hash = root FROM checkpoints WHERE "index" = {index}'
    )
    assert refused(broker) == "log-forked"


def test_a_changed_event_is_recognised_among_the_newest(broker: Broker) -> None:
    signed(broker, 5)
    tamper(url_of(broker), "UPDATE events SET leaf = (SELECT root FROM checkpoints) WHERE position = 3")
    assert refused(broker) == "log-damaged"


def test_a_checkpoint_that_is_stored_otherwise_than_signed_is_recognised(broker: Broker) -> None:
    signed(broker, 5)
    tamper(url_of(broker), "UPDATE checkpoints SET size = 4")
    assert refused(broker) == "log-damaged"


def test_a_checkpoint_that_we_did_not_sign_is_recognised(hubs_pair: tuple[Broker, Broker]) -> None:
    ours, other = hubs_pair
    row = signed(ours, 5)
    forged = row.note.replace(b"\n5\n", b"\n6\n")
    assert refused(ours, forged) == "checkpoint-signature-invalid"
    with ours.store.read() as view, pytest.raises(HubError) as failed:
        check_start(view.log, OwnKeys(epochs=(LogEpoch(keys=(other.keyring.witness_signers()[0].key,)),)))
    assert failed.value.code in {"checkpoint-origin-mismatch", "checkpoint-signature-invalid"}
