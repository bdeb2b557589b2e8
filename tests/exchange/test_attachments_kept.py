"""Attachments stay as long as a live record or a live entry needs them, and give their quota back then."""

from __future__ import annotations

import os

import pytest

from hub.exchange.attachments import announce, forget_unused, receive_part, upload
from hub.exchange.broker import Broker
from hub.exchange.correcting import withdraw
from hub.exchange.drafting import discard, draft, revise
from hub.records.lifecycle import RecordState
from tests.exchange.hubs import AIGUL, Hubs, document, release_it, run_lanes, with_limits
from tests.exchange.test_attachments import (
    CHUNK,
    Untouched,
    add,
    carry,
    ciphertext,
    read,
    ref,
    refused,
    released_with,
    row_of,
    sha256,
    uploaded,
    used_bytes,
)


@pytest.fixture
def fresh(hubs: Hubs) -> tuple[Broker, Broker]:
    """Ours and theirs, paired."""
    ours, theirs = add(hubs, "kz-knb"), add(hubs, "kg-gknb")
    hubs.pair_all()
    hubs.agree()
    return ours, theirs


@pytest.fixture
def content() -> bytes:
    return os.urandom(3 * CHUNK)


def tidy(hubs: Hubs, broker: Broker) -> int:
    """Let the upkeep notice what nothing needs, and come again after the term."""
    done = forget_unused(broker, hubs.clock.now())
    hubs.clock.pass_(broker.limits.attachment_let_go_s + 1)
    return done + forget_unused(broker, hubs.clock.now())


def is_here(broker: Broker, digest: str) -> bool:
    with broker.store.read() as view:
        return view.attachments.get(digest) is not None and broker.blobs.size(digest) > 0


def test_what_a_withdrawn_record_named_gives_its_quota_back_on_both_sides(
    hubs: Hubs, fresh: tuple[Broker, Broker], content: bytes
) -> None:
    ours, _theirs = fresh
    record_id = released_with(ours, content)
    digest = row_of(ours, content).digest
    carry(ours, content)
    run_lanes(ours)
    assert [tidy(hubs, broker) for broker in fresh] == [0, 0]
    release_it(ours, withdraw(ours, AIGUL, record_id, reason="the wrong person"))
    run_lanes(ours)
    for broker in fresh:
        assert forget_unused(broker, hubs.clock.now()) == 0
        assert is_here(broker, digest)
        assert tidy(hubs, broker) == 1
        assert not is_here(broker, digest)
        assert used_bytes(broker, "kz-knb") == 0
    uploaded(with_limits(ours, attachment_quota_bytes=5000), content)


def test_an_entry_that_is_still_to_be_carried_keeps_what_it_brings(
    hubs: Hubs, fresh: tuple[Broker, Broker], content: bytes
) -> None:
    ours, theirs = fresh
    hubs.network.down.add("kg-gknb")
    record_id = released_with(ours, content)
    release_it(ours, withdraw(ours, AIGUL, record_id, reason="the wrong person"))
    assert tidy(hubs, ours) == 0
    hubs.network.down.clear()
    carry(ours, content)
    run_lanes(ours, rounds=2)
    with theirs.store.read() as view:
        assert view.records.versions(record_id)[0].state is RecordState.WITHDRAWN
    assert tidy(hubs, ours) == 1


def test_what_a_draft_no_longer_names_is_let_go(
    hubs: Hubs, fresh: tuple[Broker, Broker], content: bytes
) -> None:
    ours, _theirs = fresh
    other = content[::-1]
    for one in (content, other):
        uploaded(ours, one)
    named = draft(ours, AIGUL, document(attachments=[ref(content)]), recipients=["kg-gknb"])
    told = document(attachments=[ref(other)])
    revise(ours, AIGUL, named.record_id, expected_revision=1, document=told)
    first, second = row_of(ours, content).digest, row_of(ours, other).digest
    assert tidy(hubs, ours) == 1
    assert (is_here(ours, first), is_here(ours, second)) == (False, True)
    discard(ours, AIGUL, named.record_id, expected_revision=2)
    assert tidy(hubs, ours) == 1
    assert not is_here(ours, second)


def test_what_two_records_name_stays_for_the_second(
    hubs: Hubs, fresh: tuple[Broker, Broker], content: bytes
) -> None:
    ours, _theirs = fresh
    uploaded(ours, content)
    rows = [
        draft(ours, AIGUL, document(attachments=[ref(content)]), recipients=["kg-gknb"]) for _ in range(2)
    ]
    discard(ours, AIGUL, rows[0].record_id, expected_revision=1)
    assert tidy(hubs, ours) == 0
    assert read(ours, rows[1].record_id, content) == content


def test_what_was_let_go_may_be_taken_up_again(
    hubs: Hubs, fresh: tuple[Broker, Broker], content: bytes
) -> None:
    ours, _theirs = fresh
    uploaded(ours, content)
    told = document(attachments=[ref(content)])
    first = draft(ours, AIGUL, told, recipients=["kg-gknb"])
    discard(ours, AIGUL, first.record_id, expected_revision=1)
    assert forget_unused(ours, hubs.clock.now()) == 0
    again = draft(ours, AIGUL, told, recipients=["kg-gknb"])
    assert tidy(hubs, ours) == 0
    assert read(ours, again.record_id, content) == content


def test_a_relay_drops_its_copy_once_the_receipt_has_come(hubs: Hubs, content: bytes) -> None:
    ours, relay, far = (add(hubs, agency) for agency in ("kz-knb", "cis-atc", "kg-gknb"))
    for one, other in ((ours, relay), (far, relay)):
        hubs.pair(one, other)
    hubs.pair(ours, far, via="cis-atc")
    hubs.pair(far, ours, via="cis-atc")
    hubs.pair(relay, ours, relay_for=["kg-gknb"])
    hubs.pair(relay, far, relay_for=["kz-knb"])
    hubs.agree()
    record_id = released_with(ours, content)
    digest, sealed = ciphertext(ours, content)
    receive_part(relay, "kz-knb", digest, 0, len(sealed), [sealed])
    run_lanes(ours)
    assert tidy(hubs, relay) == 0
    receive_part(far, "cis-atc", digest, 0, len(sealed), [sealed])
    run_lanes(relay, rounds=2)
    assert tidy(hubs, relay) == 1
    assert used_bytes(relay, "kz-knb") == 0
    assert read(far, record_id, content) == content


def test_the_disk_keeps_a_reserve_for_the_database(
    fresh: tuple[Broker, Broker], content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = fresh
    upload_id = announce(ours, AIGUL, size_bytes=len(content))
    digest = sha256(b"theirs")
    reserve = ours.limits.disk_reserve_bytes
    for broker in fresh:
        monkeypatch.setattr(broker.blobs, "free_bytes", lambda: reserve + 10)
    with refused("storage-unavailable"):
        announce(ours, AIGUL, size_bytes=len(content))
    with refused("storage-unavailable"):
        upload(ours, AIGUL, upload_id, 0, [content])
    with refused("storage-unavailable"):
        receive_part(theirs, "kz-knb", digest, 0, 100, Untouched())
    assert receive_part(theirs, "kz-knb", digest, 0, 6, [b"theirs"]) == 6
