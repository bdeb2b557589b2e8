"""Attachments: what is refused before the first byte, how they resume, what binds them, what is read."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.audit.events import Act
from hub.entries import AttachmentRow
from hub.errors import HubError
from hub.exchange.attachments import (
    Upload,
    announce,
    announce_incoming,
    fetch,
    forget_unused,
    missing,
    offset,
    progress,
    read_attachment,
    receive_part,
    serve_part,
    upload,
    use,
)
from hub.exchange.broker import Broker
from hub.exchange.correcting import withdraw
from hub.exchange.drafting import draft
from hub.exchange.releasing import approve
from hub.records.actor import Actor, ActorKind, Role
from hub.records.lifecycle import EntryState
from tests.amounts import SHARED
from tests.exchange.hubs import (
    AIGUL,
    BOLAT,
    Hubs,
    add_member,
    document,
    officer,
    release_it,
    released,
    run_lanes,
    with_limits,
)

CHUNK = 1024
SEALED = CHUNK + 16
WHY = "a test reads it"


def add(hubs: Hubs, agency: str, **limits: object) -> Broker:
    broker = with_limits(hubs.add(agency), **({"attachment_chunk_bytes": CHUNK} | limits))
    hubs.network.brokers[agency] = broker
    return broker


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hubs]:
    """Three paired hubs for all tests that neither move the clock nor count quotas."""
    made = Hubs(folder=tmp_path_factory.mktemp("hubs"))
    for agency in ("kz-knb", "kg-gknb", "cis-atc"):
        add(made, agency)
    made.pair_all()
    made.agree()
    yield made
    made.close()


@pytest.fixture
def hub(shared: Hubs) -> Broker:
    return shared.network.brokers["kz-knb"]


@pytest.fixture
def pair(shared: Hubs) -> tuple[Broker, Broker]:
    """Ours, which sends, and theirs, which receives."""
    return shared.network.brokers["kz-knb"], shared.network.brokers["kg-gknb"]


@pytest.fixture
def fresh(hubs: Hubs) -> tuple[Broker, Broker]:
    """Ours and theirs with a clock and quotas of their own."""
    ours, theirs = add(hubs, "kz-knb"), add(hubs, "kg-gknb")
    hubs.pair_all()
    hubs.agree()
    return ours, theirs


@pytest.fixture
def content() -> bytes:
    """Three chunks and a half that no other test has."""
    return os.urandom(3 * CHUNK + CHUNK // 2)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def cut(content: bytes, size: int = 700) -> Iterator[bytes]:
    """Yield content in parts that fit no chunk."""
    for start in range(0, len(content), size):
        yield content[start : start + size]


def breaking(content: bytes) -> Iterator[bytes]:
    """Yield content, then fail as a connection does."""
    yield content
    raise ConnectionResetError("the client went away")


class Untouched:
    """Parts of which none may be asked for."""

    def __iter__(self) -> Iterator[bytes]:
        pytest.fail("a byte was taken before the checks")


def uploaded(broker: Broker, content: bytes, actor: Actor = AIGUL) -> Upload:
    return upload(broker, actor, announce(broker, actor, size_bytes=len(content)), 0, cut(content))


def ref(content: bytes, **changes: object) -> dict[str, object]:
    named: dict[str, object] = {
        "digest": sha256(content),
        "name": "photo.jpg",
        "media_type": "image/jpeg",
        "size_bytes": len(content),
    }
    return named | changes


def released_with(broker: Broker, *contents: bytes, to: str = "kg-gknb") -> str:
    """Upload contents, release a record that names them, and return the record's id."""
    for content in contents:
        uploaded(broker, content)
    told = document(attachments=[ref(content) for content in contents])
    row = draft(broker, AIGUL, told, recipients=[to])
    approve(broker, BOLAT, row.record_id, digest=row.digest, recipients=row.recipients)
    return row.record_id


def row_of(broker: Broker, content: bytes) -> AttachmentRow:
    with broker.store.read() as view:
        (row,) = view.attachments.by_plain_digest(sha256(content))
    return row


def ciphertext(broker: Broker, content: bytes) -> tuple[str, bytes]:
    """Return the name and the bytes of an attachment that was uploaded."""
    digest = row_of(broker, content).digest
    return digest, b"".join(broker.blobs.parts(digest))


def used_bytes(broker: Broker, owner: str) -> int:
    with broker.store.read() as view:
        return view.attachments.used_bytes(owner)


def acts(broker: Broker) -> list[Act]:
    with broker.store.read() as view:
        return [event.act for _position, event in view.events(after=0, limit=1000)]


def refused(code: str) -> AbstractContextManager[pytest.ExceptionInfo[HubError]]:
    return pytest.raises(HubError, match=f"^{code}: ")


def read(broker: Broker, record_id: str, content: bytes, *, start: int = 0, actor: Actor = BOLAT) -> bytes:
    return b"".join(
        read_attachment(broker, actor, record_id, sha256(content), justification=WHY, offset=start)
    )


# uploads


def test_an_upload_becomes_whole_and_lies_encrypted_under_its_digest(hub: Broker, content: bytes) -> None:
    done = uploaded(hub, content)
    assert (done.digest, done.offset, done.size_bytes) == (sha256(content), len(content), len(content))
    name, sealed = ciphertext(hub, content)
    assert sha256(sealed) == name
    assert len(sealed) == len(content) + 4 * 16
    assert content[:64] not in sealed


def test_the_same_content_twice_shares_no_ciphertext(hub: Broker, content: bytes) -> None:
    uploaded(hub, content)
    uploaded(hub, content)
    with hub.store.read() as view:
        first, second = view.attachments.by_plain_digest(sha256(content))
    assert first.digest != second.digest


def test_a_broken_upload_goes_on_from_its_last_whole_chunk(hub: Broker, content: bytes) -> None:
    upload_id = announce(hub, AIGUL, size_bytes=len(content))
    with pytest.raises(ConnectionResetError):
        upload(hub, AIGUL, upload_id, 0, breaking(content[: 2 * CHUNK + 500]))
    state = progress(hub, AIGUL, upload_id)
    assert (state.offset, state.digest) == (2 * CHUNK, None)
    done = upload(hub, AIGUL, upload_id, state.offset, cut(content[state.offset :]))
    assert done.digest == sha256(content)
    name, sealed = ciphertext(hub, content)
    assert sha256(sealed) == name


@settings(max_examples=25, deadline=None, suppress_health_check=SHARED)
@given(size=st.integers(1, 4 * CHUNK + 1), slices=st.lists(st.integers(CHUNK, 3 * CHUNK), max_size=5))
def test_however_it_is_cut_the_content_arrives(hub: Broker, size: int, slices: Sequence[int]) -> None:
    content = os.urandom(size)
    state = progress(hub, AIGUL, announce(hub, AIGUL, size_bytes=size))
    for length in [*slices, size]:
        if state.digest is None:
            part = content[state.offset : state.offset + length]
            state = upload(hub, AIGUL, state.upload_id, state.offset, cut(part, 333))
    assert state.digest == sha256(content)
    name, sealed = ciphertext(hub, content)
    assert sha256(sealed) == name


def test_another_offset_is_refused_and_told_the_right_one(hub: Broker, content: bytes) -> None:
    upload_id = announce(hub, AIGUL, size_bytes=len(content))
    upload(hub, AIGUL, upload_id, 0, [content[:CHUNK]])
    with refused("offset-mismatch") as caught:
        upload(hub, AIGUL, upload_id, 0, Untouched())
    assert caught.value.details["offset"] == CHUNK


def test_more_than_was_announced_never_becomes_whole(hub: Broker, content: bytes) -> None:
    for size in (2 * CHUNK, 2 * CHUNK + 100):
        upload_id = announce(hub, AIGUL, size_bytes=size)
        with refused("attachment-mismatch"):
            upload(hub, AIGUL, upload_id, 0, cut(content[: size + 1]))
        assert progress(hub, AIGUL, upload_id).digest is None


def test_a_slice_below_a_chunk_is_refused_rather_than_dropped_for_ever(hub: Broker, content: bytes) -> None:
    upload_id = announce(hub, AIGUL, size_bytes=len(content))
    with refused("request-invalid"):
        upload(hub, AIGUL, upload_id, 0, [content[: CHUNK - 1]])


def test_the_last_call_may_be_repeated(hub: Broker, content: bytes) -> None:
    done = uploaded(hub, content)
    assert upload(hub, AIGUL, done.upload_id, len(content), ()) == done
    assert progress(hub, AIGUL, done.upload_id) == done


def test_a_second_writer_of_an_upload_is_kept_out(hub: Broker, content: bytes) -> None:
    upload_id = announce(hub, AIGUL, size_bytes=len(content))

    def meanwhile() -> Iterator[bytes]:
        yield content[:CHUNK]
        with refused("conflict"):
            upload(hub, AIGUL, upload_id, CHUNK, Untouched())
        yield content[CHUNK:]

    assert upload(hub, AIGUL, upload_id, 0, meanwhile()).digest == sha256(content)


def test_size_quota_disk_role_and_emptiness_are_refused_when_announced(fresh: tuple[Broker, Broker]) -> None:
    hub, _other = fresh
    small = with_limits(hub, attachment_max_bytes=5000, attachment_quota_bytes=8000)
    with refused("attachment-too-large"):
        announce(small, AIGUL, size_bytes=5001)
    announce(small, AIGUL, size_bytes=5000)
    with refused("quota-exceeded"):
        announce(small, AIGUL, size_bytes=3000)
    with refused("storage-unavailable"):
        announce(
            with_limits(hub, attachment_max_bytes=2**62, attachment_quota_bytes=2**62),
            AIGUL,
            size_bytes=2**60,
        )
    with refused("role-missing"):
        announce(hub, BOLAT, size_bytes=1)
    with refused("request-invalid"):
        announce(hub, AIGUL, size_bytes=0)
    assert used_bytes(hub, "kz-knb") == 5000 + 5 * 16


def test_an_upload_of_another_agency_does_not_exist(hub: Broker) -> None:
    upload_id = announce(hub, AIGUL, size_bytes=10)
    stranger = officer("dana", Role.DRAFTER, agency="kz-mvd")
    with refused("not-found"):
        progress(hub, stranger, upload_id)
    with refused("not-found"):
        upload(hub, stranger, upload_id, 0, Untouched())


# crashes


def test_a_torn_chunk_on_the_disk_is_cut_off(hub: Broker, content: bytes) -> None:
    upload_id = announce(hub, AIGUL, size_bytes=len(content))
    upload(hub, AIGUL, upload_id, 0, [content[:CHUNK]])
    hub.blobs.append(upload_id, SEALED, [b"torn by a crash"])
    assert progress(hub, AIGUL, upload_id).offset == CHUNK
    done = upload(hub, AIGUL, upload_id, CHUNK, cut(content[CHUNK:]))
    assert done.digest == sha256(content)


@dataclass
class Crash:
    """A store or blob store of which one call fails once, as a power cut would end it."""

    real: object
    name: str
    left: int = 1

    def __getattr__(self, name: str) -> object:
        if name == self.name and self.left:
            return self._fail
        return getattr(self.real, name)

    def _fail(self, *_args: object) -> None:
        self.left -= 1
        raise OSError("power cut")


def test_an_upload_cut_off_before_its_commit_is_finished_by_the_next_call(
    hub: Broker, content: bytes
) -> None:
    upload_id = announce(hub, AIGUL, size_bytes=len(content))
    broken = replace(hub, store=Crash(hub.store, "work"))  # type: ignore[arg-type]
    with pytest.raises(OSError, match="power cut"):
        upload(broken, AIGUL, upload_id, 0, cut(content))
    state = progress(hub, AIGUL, upload_id)
    assert (state.offset, state.digest) == (len(content), None)
    assert upload(hub, AIGUL, upload_id, len(content), ()).digest == sha256(content)


def test_an_attachment_cut_off_before_its_renaming_gets_its_name_when_it_is_asked_for(
    pair: tuple[Broker, Broker], content: bytes
) -> None:
    hub, _other = pair
    upload_id = announce(hub, AIGUL, size_bytes=len(content))
    broken = replace(hub, blobs=Crash(hub.blobs, "rename"))  # type: ignore[arg-type]
    with pytest.raises(OSError, match="power cut"):
        upload(broken, AIGUL, upload_id, 0, cut(content))
    assert hub.blobs.size(row_of(hub, content).digest) == 0
    row = draft(hub, AIGUL, document(attachments=[ref(content)]), recipients=["kg-gknb"])
    assert read(hub, row.record_id, content) == content


def test_an_upload_that_the_disk_damaged_is_given_up(hub: Broker, content: bytes) -> None:
    before = used_bytes(hub, "kz-knb")
    upload_id = announce(hub, AIGUL, size_bytes=len(content))
    upload(hub, AIGUL, upload_id, 0, [content[: 2 * CHUNK]])
    stored = b"".join(hub.blobs.parts(upload_id))
    hub.blobs.truncate(upload_id, 0)
    hub.blobs.append(upload_id, 0, [stored[:5], b"\0", stored[6:]])
    with refused("attachment-mismatch"):
        upload(hub, AIGUL, upload_id, 2 * CHUNK, [content[2 * CHUNK :]])
    with refused("not-found"):
        progress(hub, AIGUL, upload_id)
    assert hub.blobs.size(upload_id) == 0
    assert used_bytes(hub, "kz-knb") == before


# what a record may name


def test_a_draft_names_only_what_is_here_whole_and_of_its_true_size(
    pair: tuple[Broker, Broker], content: bytes
) -> None:
    hub, _other = pair
    upload_id = announce(hub, AIGUL, size_bytes=len(content))
    upload(hub, AIGUL, upload_id, 0, [content[:CHUNK]])
    with refused("attachment-missing"):
        draft(hub, AIGUL, document(attachments=[ref(content)]), recipients=["kg-gknb"])
    upload(hub, AIGUL, upload_id, CHUNK, [content[CHUNK:]])
    with refused("attachment-mismatch"):
        draft(hub, AIGUL, document(attachments=[ref(content, size_bytes=1)]), recipients=["kg-gknb"])
    draft(hub, AIGUL, document(attachments=[ref(content)]), recipients=["kg-gknb"])


def system(agency: str) -> Actor:
    return Actor(kind=ActorKind.SYSTEM, id=agency, agency=agency, roles=frozenset({Role.DRAFTER}))


def test_a_members_system_cannot_attach_what_another_agency_uploaded(
    pair: tuple[Broker, Broker], content: bytes
) -> None:
    hub, _other = pair
    uploaded(hub, content, system("kz-mvd"))
    told = document(attachments=[ref(content)])
    with refused("attachment-missing"):
        draft(hub, system("kz-nbk"), told, recipients=["kg-gknb"])
    draft(hub, system("kz-mvd"), told, recipients=["kg-gknb"])


# hub to hub


def test_a_record_arrives_with_its_attachments(fresh: tuple[Broker, Broker], content: bytes) -> None:
    ours, theirs = fresh
    other = os.urandom(5 * CHUNK)
    record_id = released_with(ours, content, other)
    carry(ours, content, other)
    run_lanes(ours)
    assert read(theirs, record_id, content) == content
    assert read(theirs, record_id, other) == other
    assert read(ours, record_id, other) == other


def carry(broker: Broker, *contents: bytes, to: str = "kg-gknb") -> None:
    """Push attachments as the dispatcher does before it carries the envelope."""
    partner = broker.standing().partner(to).row
    for content in contents:
        row = row_of(broker, content)
        broker.carrier.carry_attachment(partner, row.digest, row.size_bytes, broker.blobs)


def test_an_envelope_waits_until_its_attachments_are_here(
    hubs: Hubs, fresh: tuple[Broker, Broker], content: bytes
) -> None:
    ours, theirs = fresh
    record_id = released_with(ours, content)
    run_lanes(ours)
    with ours.store.read() as view:
        (entry,) = view.outbox.of_record(record_id)
    assert (entry.state, entry.reason) == (EntryState.PENDING, "attachment-missing")
    with theirs.store.read() as view:
        assert view.records.get(record_id) is None
    carry(ours, content)
    hubs.clock.pass_(3600)
    run_lanes(ours)
    assert read(theirs, record_id, content) == content


def test_a_push_resumes_where_it_was_cut(pair: tuple[Broker, Broker], content: bytes) -> None:
    ours, theirs = pair
    released_with(ours, content)
    digest, sealed = ciphertext(ours, content)
    with pytest.raises(ConnectionResetError):
        receive_part(theirs, "kz-knb", digest, 0, len(sealed), breaking(sealed[:1500]))
    assert offset(theirs, "kz-knb", digest) == 1500
    with refused("offset-mismatch") as caught:
        receive_part(theirs, "kz-knb", digest, 0, len(sealed), Untouched())
    assert caught.value.details["offset"] == 1500
    assert receive_part(theirs, "kz-knb", digest, 1500, len(sealed), [sealed[1500:]]) == len(sealed)
    assert b"".join(theirs.blobs.parts(digest)) == sealed


def test_what_is_whole_is_not_taken_again(pair: tuple[Broker, Broker], content: bytes) -> None:
    ours, theirs = pair
    released_with(ours, content)
    carry(ours, content)
    digest, sealed = ciphertext(ours, content)
    assert offset(theirs, "kz-knb", digest) == len(sealed)
    assert receive_part(theirs, "kz-knb", digest, 0, len(sealed), Untouched()) == len(sealed)


def test_a_fetch_from_a_mailbox_resumes_and_ends_whole(pair: tuple[Broker, Broker], content: bytes) -> None:
    ours, theirs = pair
    released_with(ours, content)
    digest, sealed = ciphertext(ours, content)
    receive_part(theirs, "kz-knb", digest, 0, len(sealed), [sealed[:100]])
    fetch(theirs, theirs.standing().partner("kz-knb").row, digest, len(sealed))
    assert b"".join(theirs.blobs.parts(digest)) == sealed


def test_a_fetch_that_ends_too_soon_is_told_apart(pair: tuple[Broker, Broker], content: bytes) -> None:
    ours, theirs = pair
    released_with(ours, content)
    digest, sealed = ciphertext(ours, content)

    @dataclass
    class Short:
        def fetch_attachment(self, _partner: object, _digest: str, start: int) -> Iterable[bytes]:
            return [sealed[start:200]]

    with refused("attachment-missing"):
        fetch(
            replace(theirs, carrier=Short()),  # type: ignore[arg-type]
            theirs.standing().partner("kz-knb").row,
            digest,
            len(sealed),
        )
    assert offset(theirs, "kz-knb", digest) == 200


def test_other_bytes_than_the_name_says_are_refused_and_nothing_is_kept(
    pair: tuple[Broker, Broker], content: bytes
) -> None:
    ours, theirs = pair
    before = used_bytes(theirs, "kz-knb")
    uploaded(ours, content)
    digest, sealed = ciphertext(ours, content)
    swapped = sealed[SEALED : 2 * SEALED] + sealed[:SEALED] + sealed[2 * SEALED :]
    for bad in (swapped, sealed[:-1] + bytes([sealed[-1] ^ 1]), bytes(len(sealed))):
        with refused("attachment-mismatch"):
            receive_part(theirs, "kz-knb", digest, 0, len(bad), [bad])
        assert offset(theirs, "kz-knb", digest) == 0
        assert used_bytes(theirs, "kz-knb") == before
    assert Act.REFUSED in acts(theirs)


def test_a_name_over_a_shorter_or_longer_body_is_refused(pair: tuple[Broker, Broker], content: bytes) -> None:
    ours, theirs = pair
    uploaded(ours, content)
    digest, sealed = ciphertext(ours, content)
    for bad in (sealed[:-SEALED], sealed + b"x"):
        with refused("attachment-mismatch"):
            receive_part(theirs, "kz-knb", digest, 0, len(bad), [bad])
    with refused("attachment-mismatch"):
        receive_part(theirs, "kz-knb", digest, 0, len(sealed), [sealed, b"x"])
    with refused("attachment-mismatch"):
        announce_incoming(theirs, "kz-knb", digest, len(sealed) + 1)


def test_a_partners_size_and_quota_are_refused_before_the_first_byte(fresh: tuple[Broker, Broker]) -> None:
    _ours, theirs = fresh
    small = with_limits(theirs, attachment_max_bytes=5000, attachment_quota_bytes=8000)
    first, second = sha256(b"first"), sha256(b"second")
    with refused("attachment-too-large"):
        receive_part(small, "kz-knb", first, 0, 6000, Untouched())
    receive_part(small, "kz-knb", first, 0, 5000, [b"x"])
    with refused("quota-exceeded"):
        receive_part(small, "kz-knb", second, 0, 3001, Untouched())
    with refused("request-invalid"):
        receive_part(small, "kz-knb", second, 0, -3000, Untouched())
    with refused("request-invalid"):
        receive_part(small, "kz-knb", "../../etc/passwd", 0, 10, Untouched())
    with refused("partner-unknown"):
        receive_part(small, "xx-stranger", second, 0, 10, Untouched())


def test_one_partner_cannot_spoil_what_another_sends(pair: tuple[Broker, Broker], content: bytes) -> None:
    ours, theirs = pair
    uploaded(ours, content)
    digest, sealed = ciphertext(ours, content)
    receive_part(theirs, "cis-atc", digest, 0, 5, [b"wrong"[:4]])
    assert receive_part(theirs, "kz-knb", digest, 0, len(sealed), [sealed]) == len(sealed)
    assert offset(theirs, "cis-atc", digest) == len(sealed)


def test_a_second_writer_of_what_a_partner_sends_is_kept_out(
    pair: tuple[Broker, Broker], content: bytes
) -> None:
    ours, theirs = pair
    uploaded(ours, content)
    digest, sealed = ciphertext(ours, content)

    def meanwhile() -> Iterator[bytes]:
        yield sealed[:10]
        with refused("conflict"):
            receive_part(theirs, "kz-knb", digest, 10, len(sealed), Untouched())
        yield sealed[10:]

    assert receive_part(theirs, "kz-knb", digest, 0, len(sealed), meanwhile()) == len(sealed)


@pytest.mark.parametrize(("part", "name"), [("store", "work"), ("blobs", "rename")])
def test_what_came_whole_before_a_crash_is_checked_when_it_is_asked_for(
    pair: tuple[Broker, Broker], part: str, name: str, content: bytes
) -> None:
    ours, theirs = pair
    uploaded(ours, content)
    digest, sealed = ciphertext(ours, content)
    announce_incoming(theirs, "kz-knb", digest, len(sealed))
    broken = replace(theirs, **{part: Crash(getattr(theirs, part), name)})  # type: ignore[arg-type]
    with pytest.raises(OSError, match="power cut"):
        receive_part(broken, "kz-knb", digest, 0, len(sealed), [sealed])
    assert offset(theirs, "kz-knb", digest) == len(sealed)
    with theirs.store.read() as view:
        assert missing(view, theirs, [digest]) == ()
    assert b"".join(theirs.blobs.parts(digest)) == sealed


def test_what_the_disk_lost_is_missing_again_and_can_be_sent_again(
    pair: tuple[Broker, Broker], content: bytes
) -> None:
    ours, theirs = pair
    uploaded(ours, content)
    digest, sealed = ciphertext(ours, content)
    receive_part(theirs, "kz-knb", digest, 0, len(sealed), [sealed])
    theirs.blobs.discard(digest)
    with theirs.store.read() as view:
        assert missing(view, theirs, [digest]) == (digest,)
    assert offset(theirs, "kz-knb", digest) == 0
    receive_part(theirs, "kz-knb", digest, 0, len(sealed), [sealed])
    assert b"".join(theirs.blobs.parts(digest)) == sealed


def test_more_attachments_than_a_record_may_have_are_not_even_looked_for(hub: Broker) -> None:
    with hub.store.read() as view, refused("envelope-malformed"):
        missing(view, hub, [sha256(bytes([n])) for n in range(17)])


def test_only_a_recipient_of_an_envelope_that_carries_it_may_fetch(hub: Broker, content: bytes) -> None:
    released_with(hub, content, to="kg-gknb")
    digest, sealed = ciphertext(hub, content)
    served = serve_part(hub, "kg-gknb", digest, 100)
    assert (served.size_bytes, served.offset) == (len(sealed), 100)
    assert b"".join(served.parts) == sealed[100:]
    with refused("not-found"):
        serve_part(hub, "cis-atc", digest)
    with refused("not-found"):
        serve_part(hub, "kg-gknb", sha256(b"nothing"))
    with refused("range-invalid"):
        serve_part(hub, "kg-gknb", digest, len(sealed) + 1)


# reading


def test_a_read_is_logged_before_content_leaves(pair: tuple[Broker, Broker], content: bytes) -> None:
    hub, _other = pair
    record_id = released_with(hub, content)
    before = acts(hub).count(Act.CONSULTED)
    parts = read_attachment(hub, BOLAT, record_id, sha256(content), justification=WHY)
    assert acts(hub).count(Act.CONSULTED) == before + 1
    assert b"".join(parts) == content


def test_a_read_goes_on_from_any_offset(pair: tuple[Broker, Broker], content: bytes) -> None:
    hub, _other = pair
    record_id = released_with(hub, content)
    for start in (0, 1, CHUNK - 1, CHUNK, CHUNK + 1, len(content) - 1, len(content)):
        assert read(hub, record_id, content, start=start) == content[start:]


def test_who_may_not_read_gets_nothing_and_a_reason(pair: tuple[Broker, Broker], content: bytes) -> None:
    hub, _other = pair
    record_id = released_with(hub, content)
    with refused("role-missing"):
        read(hub, record_id, content, actor=officer("dana", Role.DRAFTER))
    with refused("not-found"):
        read(hub, record_id, content, actor=system("kz-mvd"))
    with refused("not-found"):
        read(hub, record_id, b"another file")
    with refused("range-invalid"):
        read(hub, record_id, content, start=len(content) + 1)
    with refused("justification-missing"):
        read_attachment(hub, BOLAT, record_id, sha256(content), justification=" ")


def delivered_with(hubs: Hubs, broker: Broker, content: bytes) -> str:
    """Release a record with an attachment to a partner and to the member kz-mvd."""
    hubs.agree_again(2, extra=("kz-mvd",))
    add_member(broker, "kz-mvd")
    uploaded(broker, content)
    row = released(broker, "kg-gknb", "kz-mvd", attachments=[ref(content)])
    return row.record_id


def test_a_members_system_reads_what_its_token_and_the_rules_of_the_moment_let_it(
    hubs: Hubs, fresh: tuple[Broker, Broker], content: bytes
) -> None:
    hub, _other = fresh
    record_id = delivered_with(hubs, hub, content)
    assert read(hub, record_id, content, actor=system("kz-mvd")) == content
    with refused("scope-missing"):
        read_attachment(
            hub,
            system("kz-mvd"),
            record_id,
            sha256(content),
            justification=WHY,
            covered=lambda kind: kind == "designation",
        )
    hubs.agree_again(3)
    before = acts(hub)
    with refused("policy-denied"):
        read(hub, record_id, content, actor=system("kz-mvd"))
    assert acts(hub) == before


def test_nobody_reads_the_attachment_of_a_withdrawn_record(
    hubs: Hubs, fresh: tuple[Broker, Broker], content: bytes
) -> None:
    ours, theirs = fresh
    record_id = delivered_with(hubs, ours, content)
    carry(ours, content)
    run_lanes(ours)
    release_it(ours, withdraw(ours, AIGUL, record_id, reason="the wrong person"))
    run_lanes(ours)
    for broker, actor in ((ours, BOLAT), (ours, system("kz-mvd")), (theirs, BOLAT)):
        with refused("not-found"):
            read_attachment(broker, actor, record_id, sha256(content), justification=WHY, version=1)


Tamper = Callable[[bytes], bytes]


@pytest.mark.parametrize(
    "tamper",
    [
        pytest.param(lambda b: b[SEALED : 2 * SEALED] + b[:SEALED] + b[2 * SEALED :], id="reordered"),
        pytest.param(lambda b: b[:SEALED] + b[:SEALED] + b[2 * SEALED :], id="doubled"),
        pytest.param(lambda b: b[:-1] + bytes([b[-1] ^ 1]), id="altered"),
        pytest.param(lambda b: os.urandom(SEALED) + b[SEALED:], id="swapped"),
    ],
)
def test_altered_ciphertext_is_never_shown_as_a_whole_file(
    pair: tuple[Broker, Broker], tamper: Tamper, content: bytes
) -> None:
    hub, _other = pair
    record_id = released_with(hub, content)
    digest, sealed = ciphertext(hub, content)
    overwrite(hub, digest, tamper(sealed))
    shown = read_attachment(hub, BOLAT, record_id, sha256(content), justification=WHY)
    with refused("chunk-invalid"):
        b"".join(shown)


def overwrite(broker: Broker, name: str, content: bytes) -> None:
    broker.blobs.truncate(name, 0)
    broker.blobs.append(name, 0, [content])


@pytest.mark.parametrize("length", [-SEALED, -1, 1])
def test_a_truncated_or_extended_blob_is_not_taken_for_the_attachment(
    pair: tuple[Broker, Broker], length: int, content: bytes
) -> None:
    hub, _other = pair
    record_id = released_with(hub, content)
    digest, sealed = ciphertext(hub, content)
    overwrite(hub, digest, sealed[:length] if length < 0 else sealed + b"x")
    with refused("attachment-missing"):
        read(hub, record_id, content)


def test_chunks_of_another_attachment_do_not_open(pair: tuple[Broker, Broker], content: bytes) -> None:
    hub, _other = pair
    record_id = released_with(hub, content)
    uploaded(hub, content)
    with hub.store.read() as view:
        rows = view.attachments.by_plain_digest(sha256(content))
    other, mine = sorted(rows, key=lambda row: row.used)
    overwrite(hub, mine.digest, b"".join(hub.blobs.parts(other.digest)))
    with refused("chunk-invalid"):
        read(hub, record_id, content)


def test_a_file_that_is_not_the_one_signed_for_is_never_read_to_its_end(
    fresh: tuple[Broker, Broker], content: bytes
) -> None:
    ours, theirs = fresh
    false = b"another file" + content[12:]
    uploaded(ours, false)
    row = row_of(ours, false)
    with ours.store.work() as work:  # what a dishonest sender does: it names its file by another's digest
        work.attachments.remove(row.digest)
        work.attachments.add(replace(row, plain_digest=sha256(content)))
        work.stage([ours.event(Act.ATTACHED, ours.itself, row.digest, ours.clock.now())])
        work.commit()
    told = draft(ours, AIGUL, document(attachments=[ref(content)]), recipients=["kg-gknb"])
    approve(ours, BOLAT, told.record_id, digest=told.digest, recipients=told.recipients)
    carry(ours, content)
    run_lanes(ours)
    shown: list[bytes] = []
    with refused("attachment-mismatch"):
        shown.extend(read_attachment(theirs, BOLAT, told.record_id, sha256(content), justification=WHY))
    assert len(b"".join(shown)) <= 3 * CHUNK < len(content)


# forgetting


def test_what_nobody_names_is_forgotten_after_a_day(
    hubs: Hubs, fresh: tuple[Broker, Broker], content: bytes
) -> None:
    ours, theirs = fresh
    uploaded(ours, content)
    digest, sealed = ciphertext(ours, content)
    announce(ours, AIGUL, size_bytes=10)
    receive_part(theirs, "kz-knb", digest, 0, len(sealed), [sealed])
    receive_part(theirs, "kz-knb", sha256(b"other"), 0, 100, [b"half"])
    hubs.clock.pass_(86000)
    assert forget_unused(ours, hubs.clock.now()) == forget_unused(theirs, hubs.clock.now()) == 0
    hubs.clock.pass_(1000)
    for broker in fresh:
        assert forget_unused(broker, hubs.clock.now()) == 2
        assert used_bytes(broker, "kz-knb") == 0
        assert broker.blobs.size(digest) == 0
        assert acts(broker)[-2:] == [Act.ERASED, Act.ERASED]


def test_what_is_named_is_kept_on_both_sides(
    hubs: Hubs, fresh: tuple[Broker, Broker], content: bytes
) -> None:
    ours, theirs = fresh
    record_id = released_with(ours, content)
    carry(ours, content)
    run_lanes(ours)
    hubs.clock.pass_(10 * 86400)
    assert forget_unused(ours, hubs.clock.now()) == forget_unused(theirs, hubs.clock.now()) == 0
    assert read(theirs, record_id, content) == content


def test_a_draft_keeps_what_it_names(hubs: Hubs, fresh: tuple[Broker, Broker], content: bytes) -> None:
    ours, _theirs = fresh
    uploaded(ours, content)
    row = draft(ours, AIGUL, document(attachments=[ref(content)]), recipients=["kg-gknb"])
    hubs.clock.pass_(10 * 86400)
    assert forget_unused(ours, hubs.clock.now()) == 0
    assert read(ours, row.record_id, content) == content


def test_what_is_being_written_is_not_forgotten(
    hubs: Hubs, fresh: tuple[Broker, Broker], content: bytes
) -> None:
    hub, _other = fresh
    upload_id = announce(hub, AIGUL, size_bytes=len(content))

    def slowly() -> Iterator[bytes]:
        yield content[:100]
        hubs.clock.pass_(2 * 86400)
        assert forget_unused(hub, hubs.clock.now()) == 0
        yield content[100:]

    assert upload(hub, AIGUL, upload_id, 0, slowly()).digest == sha256(content)


def test_what_was_forgotten_meanwhile_cannot_be_used(hub: Broker) -> None:
    with hub.store.work() as work, refused("attachment-missing"):
        use(work, [sha256(b"forgotten")])


# memory

PASS_THROUGH = """
import hashlib, resource, sys
from pathlib import Path
from tests.exchange import test_attachments as t
from tests.exchange.hubs import AIGUL, BOLAT, Hubs, document

MIB = 1024 * 1024

def pass_through(ours, theirs, mib):
    block, expected = bytes(range(256)) * 256, hashlib.sha256()
    def parts():
        for _ in range(mib * 16):
            expected.update(block)
            yield block
    upload_id = t.announce(ours, AIGUL, size_bytes=mib * MIB)
    done = t.upload(ours, AIGUL, upload_id, 0, parts())
    assert done.digest == expected.hexdigest()
    named = {"digest": done.digest, "name": "f", "media_type": "video/mp4", "size_bytes": done.size_bytes}
    row = t.draft(ours, AIGUL, document(attachments=[named]), recipients=["kg-gknb"])
    t.approve(ours, BOLAT, row.record_id, digest=row.digest, recipients=row.recipients)
    with ours.store.read() as view:
        lying = view.attachments.by_plain_digest(done.digest)[0]
    partner = ours.standing().partner("kg-gknb").row
    ours.carrier.carry_attachment(partner, lying.digest, lying.size_bytes, ours.blobs)
    t.run_lanes(ours)
    shown = hashlib.sha256()
    for part in t.read_attachment(theirs, BOLAT, row.record_id, done.digest, justification=t.WHY):
        shown.update(part)
    assert shown.hexdigest() == done.digest

hubs = Hubs(folder=Path(sys.argv[1]))
ours, theirs = hubs.add("kz-knb"), hubs.add("kg-gknb")
hubs.pair_all()
hubs.agree()
pass_through(ours, theirs, 4)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
pass_through(ours, theirs, 64)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
hubs.close()
"""


@pytest.mark.slow
def test_sixty_four_mebibytes_pass_through_two_hubs_in_constant_memory(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PASS_THROUGH, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 8 * 1024, "KiB more than a small attachment took"
