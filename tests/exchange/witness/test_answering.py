"""We as a witness: what is cosigned is remembered first, what is refused leaves its entry, forks are kept."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest

from hub.audit.checkpoints import Checkpoint, read_checkpoint, sign_checkpoint, verify_checkpoint
from hub.audit.events import Act
from hub.audit.names import log_name, witness_name
from hub.audit.notes import Note, NoteSignature, read_note, read_signatures
from hub.audit.quorum import Quorum, weigh
from hub.audit.tiles import consistency_proof
from hub.audit.witnessing import Contradiction, Verdict, origin_hash
from hub.errors import Refused
from hub.exchange.broker import Broker
from hub.exchange.suspending import suspend
from hub.exchange.witness.answering import WitnessAnswer, add_checkpoint, witnessed_note
from hub.ports import CheckpointRow
from tests.exchange.hubs import CUSTODIAN, Hubs
from tests.exchange.log.logs import keys, limited, signed
from tests.exchange.witness.witnesses import caller, request_of

LOG = "kz-knb/log"


def proof(broker: Broker, old: int, size: int) -> tuple[bytes, ...]:
    with broker.store.read() as view:
        return consistency_proof(old, size, view.log.tile)


def acts(broker: Broker, *wanted: Act) -> list[tuple[Act, str | None]]:
    with broker.store.read() as view:
        events = [event for _, event in view.events(after=0, limit=10_000)]
    return [(e.act, e.details.get("code") or e.details.get("kind")) for e in events if e.act in wanted]


def ask(witness: Broker, row: CheckpointRow, old: int = 0, hashes: tuple[bytes, ...] = ()) -> WitnessAnswer:
    return add_checkpoint(witness, caller("kz-knb"), request_of(row, old=old, proof=hashes))


def forked(broker: Broker, size: int, filler: bytes = b"f") -> CheckpointRow:
    """Return a checkpoint that a log signed over other entries than it shows us."""
    head = Checkpoint(origin=LOG, size=size, root=filler * 32)
    note = sign_checkpoint(head, broker.keyring.log_signers(), broker.clock.now())
    return CheckpointRow(number=1, size=size, root=head.root, at=broker.clock.now(), note=note)


def test_a_log_is_cosigned_with_both_keys_and_remembered(knb: Broker, atc: Broker) -> None:
    row = signed(knb, 7)
    answer = ask(atc, row)
    assert answer.verdict is Verdict.COSIGN
    lines = read_signatures(answer.lines)
    keys_of_witness = tuple(signer.key for signer in atc.keyring.witness_signers())
    name = witness_name("cis-atc")
    quorum = Quorum(needed=1, witnesses={name: keys_of_witness})
    verdict = weigh(quorum, Note(text=read_note(row.note).text, signatures=lines))
    assert verdict.met
    assert verdict.cosigned[name] == atc.clock.now().replace(microsecond=0)
    shown = witnessed_note(atc, origin_hash(LOG))
    assert verify_checkpoint(shown, keys(knb)) == read_checkpoint(read_note(row.note))
    assert weigh(quorum, read_note(shown)).met
    assert acts(atc, Act.WITNESSED) == [(Act.WITNESSED, None)]


def test_later_checkpoints_need_a_proof_and_leave_no_entries(knb: Broker, atc: Broker) -> None:
    first = signed(knb, 3)
    ask(atc, first)
    with atc.store.read() as view:
        before = len(view.events(after=0, limit=10_000))
    later = signed(knb, 300)
    assert ask(atc, later, first.size).verdict is Verdict.INCONSISTENT
    with_proof = ask(atc, later, first.size, proof(knb, first.size, later.size))
    assert with_proof.verdict is Verdict.COSIGN
    assert ask(atc, later, later.size).verdict is Verdict.COSIGN
    with atc.store.read() as view:
        row = view.witnessing.witnessed(LOG)
        refused = [e for _, e in view.events(after=0, limit=10_000)][before:]
    assert row is not None
    assert row.size == later.size
    assert [event.act for event in refused] == [Act.FORK_SEEN, Act.REFUSED]


def test_a_stale_size_is_answered_with_the_one_that_was_cosigned(knb: Broker, atc: Broker) -> None:
    ask(atc, signed(knb, 3))
    answer = ask(atc, signed(knb, 2))
    assert (answer.verdict, answer.code) == (Verdict.STALE, "witness-size-stale")
    with atc.store.read() as view:
        known = view.witnessing.witnessed(LOG)
    assert known is not None
    assert answer.size == known.size
    assert acts(atc, Act.REFUSED) == []


def test_a_log_of_nobody_we_pinned_is_unknown(hubs: Hubs, knb: Broker, atc: Broker) -> None:
    stranger = hubs.add("de-bka")
    answer = add_checkpoint(atc, caller("kz-knb"), request_of(signed(stranger, 3)))
    assert (answer.verdict, answer.code) == (Verdict.UNKNOWN, "witness-log-unknown")
    assert acts(atc, Act.REFUSED) == [(Act.REFUSED, "witness-log-unknown")]
    with pytest.raises(Refused) as missing:
        witnessed_note(atc, origin_hash("de-bka/log"))
    assert missing.value.code == "not-found"


def test_a_suspended_partners_log_is_not_witnessed(knb: Broker, atc: Broker) -> None:
    suspend(atc, CUSTODIAN, "kz-knb")
    assert ask(atc, signed(knb, 3)).verdict is Verdict.UNKNOWN


def test_signatures_by_other_keys_than_the_pinned_ones_are_refused(knb: Broker, atc: Broker) -> None:
    row = signed(knb, 3)
    other = sign_checkpoint(
        read_checkpoint(read_note(row.note)),
        replace_keys(atc, log_name("kz-knb")),
        knb.clock.now(),
    )
    answer = ask(atc, replace(row, note=other))
    assert (answer.verdict, answer.code) == (Verdict.UNTRUSTED, "checkpoint-signature-invalid")
    assert acts(atc, Act.REFUSED) == [(Act.REFUSED, "checkpoint-signature-invalid")]


def replace_keys(broker: Broker, name: str):  # type: ignore[no-untyped-def]
    """Return a log's keys under another log's name."""
    from hub.audit.notes import NoteSigner

    return [
        NoteSigner.of(name, signer.key.algorithm, signer.private) for signer in broker.keyring.log_signers()
    ]


def test_what_is_no_request_is_malformed_and_logged(atc: Broker) -> None:
    with pytest.raises(Refused) as refused:
        add_checkpoint(atc, caller("kz-knb"), b"old one\n\n")
    assert refused.value.code == "witness-request-invalid"
    assert acts(atc, Act.REFUSED) == [(Act.REFUSED, "witness-request-invalid")]


def test_two_signed_roots_of_one_size_are_kept_as_evidence(knb: Broker, atc: Broker) -> None:
    row = signed(knb, 5)
    ask(atc, row)
    fork = forked(knb, row.size)
    body = request_of(fork, old=row.size)
    for _ in range(2):
        answer = add_checkpoint(atc, caller("sco-rats"), body)
        assert answer.verdict is Verdict.INCONSISTENT
    with atc.store.read() as view:
        (kept,) = view.witnessing.forks(limit=9)
        known = view.witnessing.witnessed(LOG)
    assert kept.kind is Contradiction.FORK
    assert (kept.request, kept.reported_by, kept.size) == (body, "sco-rats", row.size)
    # Both halves stand by themselves: the log's own keys signed two roots for one size.
    one = verify_checkpoint(kept.known, keys(knb))
    other = verify_checkpoint(kept.request.partition(b"\n\n")[2], keys(knb))
    assert (one.size, one.root != other.root) == (other.size, True)
    assert known is not None
    assert known.root == row.root
    told = acts(atc, Act.FORK_SEEN, Act.REFUSED)
    assert told == [(Act.FORK_SEEN, "fork"), *[(Act.REFUSED, "log-inconsistent")] * 2]


def test_a_fork_is_kept_though_the_size_is_stale(knb: Broker, atc: Broker) -> None:
    row = signed(knb, 5)
    ask(atc, row)
    assert ask(atc, forked(knb, row.size)).verdict is Verdict.STALE
    assert acts(atc, Act.FORK_SEEN, Act.REFUSED) == [(Act.FORK_SEEN, "fork")]


def test_a_rolled_back_log_gets_no_cosignature_and_what_follows_is_a_contradiction(
    knb: Broker, atc: Broker, hubs: Hubs
) -> None:
    """The log is restored from a backup, grows again, and has no proof from what was cosigned."""
    ask(atc, signed(knb, 9))
    with atc.store.read() as view:
        known = view.witnessing.witnessed(LOG)
    assert known is not None
    restored = replace(hubs.add("kz-border"), agency="kz-knb", keyring=knb.keyring)
    behind = signed(restored, 4)
    answer = ask(atc, behind)
    assert (answer.verdict, answer.size) == (Verdict.STALE, known.size)
    grown = signed(restored, 20)
    answer = ask(atc, grown, known.size, proof(restored, known.size, grown.size))
    assert answer.verdict is Verdict.INCONSISTENT
    with atc.store.read() as view:
        assert view.witnessing.witnessed(LOG) == known


def test_evidence_does_not_fill_the_disk(knb: Broker, atc: Broker) -> None:
    atc = limited(atc, witness_forks_max=2)
    row = signed(knb, 5)
    ask(atc, row)
    for filler in b"abcd":
        ask(atc, forked(knb, row.size + 3, bytes([filler])), row.size)
    with atc.store.read() as view:
        assert view.witnessing.fork_count(Contradiction.UNPROVEN) == 2
        assert len(acts(atc, Act.FORK_SEEN)) == 2


def test_lines_of_strangers_are_not_shown_to_monitors(knb: Broker, atc: Broker) -> None:
    row = signed(knb, 5)
    odd = NoteSignature(name="https://example.org/odd", key_id=b"abcd", raw=b"x" * 64)
    ask(atc, replace(row, note=read_note(row.note).with_signatures([odd]).as_bytes()))
    shown = read_note(witnessed_note(atc, origin_hash(LOG)))
    assert {line.name for line in shown.signatures} == {LOG, "cis-atc/witness"}


def test_our_own_time_is_stated_not_the_logs(knb: Broker, atc: Broker, hubs: Hubs) -> None:
    row = signed(knb, 5)
    hubs.clock.at += timedelta(hours=3)
    ask(atc, row)
    with atc.store.read() as view:
        known = view.witnessing.witnessed(LOG)
    assert known is not None
    assert known.at == hubs.clock.now()


@pytest.mark.slow
@pytest.mark.parametrize("known", [0, 5])
def test_of_two_racing_requests_one_is_cosigned_and_one_gets_409(
    knb: Broker, atc: Broker, known: int
) -> None:
    if known:
        known = (first := signed(knb, known)).size
        ask(atc, first)
    for _ in range(8):
        small, large = signed(knb, 2), signed(knb, 3)
        bodies = [
            request_of(row, old=known, proof=proof(knb, known, row.size) if known else ())
            for row in (small, large)
        ]
        barrier = Barrier(2)

        def race(body: bytes, barrier: Barrier = barrier) -> WitnessAnswer:
            barrier.wait(30)
            return add_checkpoint(atc, caller("kz-knb"), body)

        with ThreadPoolExecutor(2) as threads:
            answers = list(threads.map(race, bodies))
        assert sorted(one.verdict.value for one in answers) == [200, 409]
        won = small if answers[0].verdict is Verdict.COSIGN else large
        assert {one.size for one in answers} == {won.size}
        with atc.store.read() as view:
            row = view.witnessing.witnessed(LOG)
        assert row is not None
        assert (row.size, row.root) == (won.size, won.root)
        known = won.size
        if won is small:
            ask(atc, large, known, proof(knb, known, large.size))
            known = large.size
