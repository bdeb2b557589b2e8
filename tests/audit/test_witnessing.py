"""How a witness answers: the specified status for every case, in the specified order."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.audit.checkpoints import Checkpoint, sign_checkpoint
from hub.audit.merkle import EMPTY_ROOT
from hub.audit.notes import Note, NoteSignature, read_note
from hub.audit.witnessing import (
    AddCheckpoint,
    Contradiction,
    Judgement,
    Remembered,
    Verdict,
    judge,
    origin_hash,
    read_request,
    read_size,
    size_line,
)
from hub.errors import Refused
from tests.audit import naive
from tests.audit.signing import NOW, checkpoint, keys, log_signers, signed, signer

KEYS = keys(log_signers())
VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "witness" / "requests.json").read_text())


def asked(
    old: int, size: int, *, proof: Sequence[bytes] | None = None, note: bytes | None = None
) -> AddCheckpoint:
    found = naive.consistency(old, naive.entries(size)) if proof is None and old <= size else proof or ()
    return AddCheckpoint(old_size=old, proof=tuple(found), note=read_note(note or signed(size)))


def remembered(size: int) -> Remembered:
    return Remembered(size=size, root=checkpoint(size).root)


def answer(request: AddCheckpoint, size: int) -> Judgement:
    return judge(request, keys=KEYS, remembered=remembered(size))


def forked(size: int) -> bytes:
    """Return a checkpoint that the log signed over other entries."""
    return sign_checkpoint(Checkpoint(origin="kz-knb/log", size=size, root=b"f" * 32), log_signers(), NOW)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_request_bodies_are_read_to_the_letter(vector: dict[str, object]) -> None:
    raw = str(vector["body"]).encode()
    if vector["reads"]:
        assert read_request(raw).as_bytes() == raw
        return
    with pytest.raises(Refused) as refused:
        read_request(raw)
    assert (refused.value.code, refused.value.row.status) == ("witness-request-invalid", 400)


def test_a_body_that_is_too_large_is_malformed() -> None:
    with pytest.raises(Refused):
        read_request(b"old 1\n\n" + b"x" * 300_000)


@given(st.integers(0, 70), st.integers(0, 70))
def test_a_log_that_only_grew_is_cosigned(one: int, other: int) -> None:
    old, size = sorted((one, other))
    request = read_request(asked(old, size).as_bytes())
    assert answer(request, old) == Judgement(verdict=Verdict.COSIGN)


def test_an_unknown_log_is_404() -> None:
    found = judge(asked(0, 5), keys=(), remembered=Remembered())
    assert (found.verdict, found.code) == (Verdict.UNKNOWN, "witness-log-unknown")
    assert found.verdict.value == 404


def test_a_checkpoint_that_one_key_did_not_sign_is_403() -> None:
    note = read_note(signed(5))
    for line in note.signatures:
        found = answer(asked(0, 5, note=Note(text=note.text, signatures=(line,)).as_bytes()), 0)
        assert (found.verdict, found.code) == (Verdict.UNTRUSTED, "checkpoint-signature-invalid")
    assert Verdict.UNTRUSTED.value == 403


def test_a_line_of_a_trusted_key_that_fails_is_403_and_one_of_a_stranger_is_passed_over() -> None:
    note = read_note(signed(5))
    good = note.signatures[0]
    spoiled = NoteSignature(name=good.name, key_id=good.key_id, raw=bytes(64))
    assert (
        answer(asked(0, 5, note=note.with_signatures([spoiled]).as_bytes()), 0).verdict is Verdict.UNTRUSTED
    )
    stranger = signer("kz-knb/log", KEYS[0].algorithm, "another seed").key
    odd = NoteSignature(name=stranger.name, key_id=stranger.key_id, raw=bytes(64))
    assert answer(asked(0, 5, note=note.with_signatures([odd]).as_bytes()), 0).verdict is Verdict.COSIGN


def test_signature_is_asked_before_sizes() -> None:
    forged = sign_checkpoint(
        checkpoint(5), [signer("kz-knb/log", key.algorithm, "forged") for key in KEYS], NOW
    )
    assert answer(asked(9, 5, proof=(), note=forged), 3).verdict is Verdict.UNTRUSTED


def test_an_old_size_above_the_checkpoint_is_400() -> None:
    found = answer(asked(6, 5, proof=()), 6)
    assert (found.verdict, found.code) == (Verdict.MALFORMED, "witness-request-invalid")


@pytest.mark.parametrize(("old", "known"), [(0, 3), (2, 3), (4, 3), (5, 3), (3, 0)])
def test_another_old_size_than_cosigned_is_409(old: int, known: int) -> None:
    found = answer(asked(old, 5), known)
    assert (found.verdict, found.code, found.contradiction) == (Verdict.STALE, "witness-size-stale", None)
    assert str(known) in found.sentence
    assert found.verdict.value == 409


def test_a_spoiled_proof_is_422_and_proves_no_fork() -> None:
    right = naive.consistency(3, naive.entries(5))
    for wrong in ([], right[:-1], [*right, b"x" * 32], [b"x" * 32, *right[1:]]):
        found = answer(asked(3, 5, proof=wrong), 3)
        assert (found.verdict, found.code) == (Verdict.INCONSISTENT, "log-inconsistent")
        assert found.contradiction is Contradiction.UNPROVEN
    assert found.verdict.value == 422


def test_a_proof_from_nothing_is_422() -> None:
    assert answer(asked(0, 5, proof=[b"x" * 32]), 0).verdict is Verdict.INCONSISTENT


def test_the_same_size_again_is_cosigned_again_and_another_root_is_a_fork() -> None:
    assert answer(asked(5, 5), 5).verdict is Verdict.COSIGN
    found = answer(asked(5, 5, proof=(), note=forked(5)), 5)
    assert (found.verdict, found.contradiction) == (Verdict.INCONSISTENT, Contradiction.FORK)


def test_a_fork_of_the_known_size_is_seen_behind_a_409_too() -> None:
    found = answer(asked(2, 5, proof=(), note=forked(5)), 5)
    assert (found.verdict, found.contradiction) == (Verdict.STALE, Contradiction.FORK)


def test_an_empty_log_has_the_empty_root() -> None:
    assert answer(asked(0, 0), 0).verdict is Verdict.COSIGN
    odd = Checkpoint(origin="kz-knb/log", size=0, root=b"f" * 32)
    assert odd.root != EMPTY_ROOT
    found = answer(asked(0, 0, note=sign_checkpoint(odd, log_signers(), NOW)), 0)
    assert found.verdict is Verdict.INCONSISTENT


def test_a_checkpoint_of_another_log_under_its_keys_is_403() -> None:
    other = replace(asked(0, 5), note=read_note(signed(5, "cis-atc/log")))
    assert answer(other, 0).verdict is Verdict.UNTRUSTED


@pytest.mark.parametrize("size", [0, 1, 10, 2**63 - 1])
def test_sizes_are_lines(size: int) -> None:
    assert size_line(size) == b"%d\n" % size
    assert read_size(size_line(size)) == size


@pytest.mark.parametrize(
    "raw", [b"", b"\n", b"5", b"05\n", b"-5\n", b"5\n\n", b"5 \n", b"9223372036854775808\n", b"\xd9\xa3\n"]
)
def test_other_spellings_of_a_size_are_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_size(raw)


def test_an_origin_hash_is_its_sha256() -> None:
    assert origin_hash("kz-knb/log") == "7d77a28e6db927976eddb97dafe4cfc3e867ff5bec6d100d77c33cb3158581b9"
