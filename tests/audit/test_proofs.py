"""Proof files: one spelling, and proof only for whoever has the entry and pins the log."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.audit.merkle import hash_leaf
from hub.audit.proofs import HASHES_MAX, Proof, read_proof, verify_proof, write_proof
from hub.errors import IntegrityFailure
from tests.audit import naive
from tests.audit.signing import checkpoint, keys, log_signers, signed

LOG_KEYS = keys(log_signers())
ENTRIES = naive.entries(5)
NOTE = signed(5)
WAY = naive.path(2, ENTRIES)
RAW = write_proof(2, WAY, NOTE)


def test_proof_proves_its_entry_under_the_signed_root() -> None:
    proof = read_proof(RAW)
    assert proof == Proof(index=2, hashes=tuple(WAY), checkpoint=NOTE)
    assert verify_proof(proof, leaf_hash=hash_leaf(ENTRIES[2]), keys=LOG_KEYS) == checkpoint(5)


def test_proof_of_the_only_entry_has_no_hashes() -> None:
    proof = read_proof(write_proof(0, [], signed(1), b""))
    assert (proof.hashes, proof.extra) == ((), b"")
    verify_proof(proof, leaf_hash=hash_leaf(ENTRIES[0]), keys=LOG_KEYS)


@given(
    st.integers(0, 2**63 - 2),
    st.lists(st.binary(min_size=32, max_size=32), max_size=HASHES_MAX),
    st.none() | st.binary(max_size=200),
)
def test_proof_survives_its_file(index: int, hashes: list[bytes], extra: bytes | None) -> None:
    raw = write_proof(index, hashes, NOTE, extra)
    read = read_proof(raw)
    assert (read.index, list(read.hashes), read.checkpoint, read.extra) == (index, hashes, NOTE, extra)
    assert write_proof(read.index, read.hashes, read.checkpoint, read.extra) == raw


def test_another_entry_place_or_log_is_refused() -> None:
    proof, leaf = read_proof(RAW), hash_leaf(ENTRIES[2])
    for wrong, leaf_hash in (
        (proof, hash_leaf(ENTRIES[3])),
        (replace(proof, index=3), leaf),
        (replace(proof, index=5), leaf),
        (replace(proof, checkpoint=signed(4)), leaf),
        (replace(proof, hashes=proof.hashes[:-1]), leaf),
    ):
        with pytest.raises(IntegrityFailure) as refused:
            verify_proof(wrong, leaf_hash=leaf_hash, keys=LOG_KEYS)
        assert refused.value.code == "log-inclusion-failed"
    with pytest.raises(IntegrityFailure) as refused:
        verify_proof(replace(proof, checkpoint=signed(5, "kz-mvd/log")), leaf_hash=leaf, keys=LOG_KEYS)
    assert refused.value.code == "checkpoint-origin-mismatch"


def test_every_altered_byte_fails() -> None:
    raw, leaf = write_proof(2, WAY, NOTE), hash_leaf(ENTRIES[2])
    before = len(raw) - len(NOTE)
    for at in range(before):
        altered = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
        with pytest.raises(IntegrityFailure):
            verify_proof(read_proof(altered), leaf_hash=leaf, keys=LOG_KEYS)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"c2sp.org/tlog-proof@v1\n",
        RAW.replace(b"@v1", b"@v2"),
        b"\n" + RAW,
        RAW.replace(b"index 2\n", b""),
        RAW.replace(b"index 2\n", b"index 2\nindex 2\n"),
        RAW.replace(b"index 2", b"index 02"),
        RAW.replace(b"index 2", b"index -2"),
        RAW.replace(b"index 2", b"index  2"),
        RAW.replace(b"index 2", b"index"),
        RAW.replace(b"index 2", b"index %d" % (2**63 - 1)),
        RAW.replace(b"index 2", b"index 2\r"),
        RAW.replace(b"index 2", b"extra\nindex 2"),
        RAW.replace(b"index 2", b"extra *\nindex 2"),
        RAW.replace(b"index 2", b"extra QQ==\nextra QQ==\nindex 2"),
        RAW.replace(b"index 2\n", b"index 2\nextra QQ==\n"),
        RAW.replace(b"index 2\n", b"index 2\nQUJD\n"),
        RAW.replace(b"index 2\n", "index 2\né\n".encode()),
        write_proof(2, [bytes(32)] * HASHES_MAX, NOTE).replace(
            b"index 2\n", b"index 2\n" + b"A" * 43 + b"=\n"
        ),
    ],
)
def test_other_spellings_of_a_proof_are_refused(raw: bytes) -> None:
    with pytest.raises(IntegrityFailure) as refused:
        read_proof(raw)
    assert refused.value.code == "log-proof-invalid"


def test_proof_has_at_most_63_hashes_and_32_kib_before_its_checkpoint() -> None:
    assert len(read_proof(write_proof(2, [bytes(32)] * 63, NOTE)).hashes) == 63
    with pytest.raises(ValueError, match="63 hashes"):
        write_proof(2, [bytes(32)] * 64, NOTE)
    # 24,546 bytes are 32,728 in Base64, and the lines around them have 40.
    extra = bytes(24_546)
    assert read_proof(write_proof(2000, [], NOTE, extra)).extra == extra
    with pytest.raises(IntegrityFailure, match="32769 bytes before its checkpoint; at most 32768"):
        read_proof(write_proof(20_000, [], NOTE, extra))


@pytest.mark.parametrize("raw", [RAW[: RAW.index(b"\n\n") + 2], RAW[:-1], RAW.replace(b"\n\n", b"\n\n\n", 1)])
def test_proof_without_a_signed_note_is_refused(raw: bytes) -> None:
    with pytest.raises(IntegrityFailure) as refused:
        verify_proof(read_proof(raw), leaf_hash=hash_leaf(ENTRIES[2]), keys=LOG_KEYS)
    assert refused.value.code in {"note-invalid", "checkpoint-invalid"}
