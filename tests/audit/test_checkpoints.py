"""Checkpoints and cosignatures: their bytes as specified, whose they are, and nothing less than all of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from hub.audit.checkpoints import (
    Checkpoint,
    cosign,
    read_checkpoint,
    sign_checkpoint,
    verified_cosignatures,
    verify_checkpoint,
)
from hub.audit.merkle import EMPTY_ROOT
from hub.audit.notes import Note, NoteAlgorithm, NoteSignature, read_note
from hub.errors import IntegrityFailure
from tests.audit.signing import NOW, checkpoint, cosigned, keys, log_signers, signed, signer, witness_signers

LOG, W1 = "kz-knb/log", "kz-mvd/witness"
LOG_KEYS, W1_KEYS = keys(log_signers()), keys(witness_signers(W1))
STAMP = int(NOW.timestamp())


def code_of(step: Callable[[], object]) -> str:
    with pytest.raises(IntegrityFailure) as refused:
        step()
    return refused.value.code


def test_signed_checkpoint_reads_back() -> None:
    raw = signed()
    assert verify_checkpoint(raw, LOG_KEYS) == checkpoint()
    note = read_note(raw)
    assert note.text == checkpoint().text
    assert [line.name for line in note.signatures] == [LOG, LOG]
    assert [cosignature.at for cosignature in verified_cosignatures(note, LOG_KEYS)] == [None, NOW]


def test_specification_examples_are_checkpoints() -> None:
    # C2SP tlog-checkpoint and tlog-cosignature; their keys are not published.
    raw = """example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
""".encode()  # noqa: E501
    note = read_note(raw)
    read = read_checkpoint(note)
    assert (read.origin, read.size) == ("example.com/behind-the-sofa", 20852163)
    assert read.text == note.text
    assert note.as_bytes() == raw
    assert int.from_bytes(note.signatures[1].raw[:8]) == 1679315147


def test_messages_are_those_of_the_specification() -> None:
    """Verify each kind of signature over bytes put together here, as the specification spells them."""
    note, text = cosigned(W1), checkpoint().text.encode()
    ed25519, ml_dsa_44 = note.signatures[:2]
    assert LOG_KEYS[0].verifies(ed25519.raw, text)
    by_log = (
        b"subtree/v1\n\0" + b"\x0akz-knb/log" + STAMP.to_bytes(8) + b"\x0akz-knb/log"
        + bytes(8) + (5).to_bytes(8) + checkpoint().root
    )  # fmt: skip
    assert ml_dsa_44.raw[:8] == STAMP.to_bytes(8)
    assert LOG_KEYS[1].verifies(ml_dsa_44.raw[8:], by_log)
    ed25519, ml_dsa_44 = note.signatures[2:]
    assert (ed25519.raw[:8], ml_dsa_44.raw[:8]) == (STAMP.to_bytes(8),) * 2
    assert W1_KEYS[0].verifies(ed25519.raw[8:], b"cosignature/v1\ntime %d\n" % STAMP + text)
    by_witness = by_log.replace(b"\x0akz-knb/log", b"\x0ekz-mvd/witness", 1)
    assert W1_KEYS[1].verifies(ml_dsa_44.raw[8:], by_witness)


def test_cosignatures_say_whose_and_when() -> None:
    found = verified_cosignatures(cosigned(W1, "cis-atc/witness"), W1_KEYS)
    assert [(one.name, one.algorithm, one.at) for one in found] == [
        (W1, NoteAlgorithm.COSIGNATURE_ED25519, NOW),
        (W1, NoteAlgorithm.COSIGNATURE_ML_DSA_44, NOW),
    ]
    assert verified_cosignatures(cosigned(), W1_KEYS) == ()


@pytest.mark.parametrize("dropped", [0, 1])
def test_log_with_two_pinned_keys_must_sign_with_both(dropped: int) -> None:
    note = cosigned(W1)
    fewer = replace(note, signatures=note.signatures[:dropped] + note.signatures[dropped + 1 :])
    assert code_of(lambda: verify_checkpoint(fewer.as_bytes(), LOG_KEYS)) == "checkpoint-signature-invalid"
    other = LOG_KEYS[1 - dropped]
    assert verify_checkpoint(fewer.as_bytes(), [other]) == checkpoint()


@pytest.mark.parametrize("changed", range(4))
def test_signature_of_a_known_key_that_fails_spoils_the_note(changed: int) -> None:
    note = cosigned(W1)
    line = note.signatures[changed]
    forged = replace(line, raw=line.raw[:-1] + bytes([line.raw[-1] ^ 1]))
    lines = [*note.signatures, forged]
    spoilt = replace(note, signatures=tuple(lines))
    if changed < 2:
        assert code_of(lambda: verify_checkpoint(spoilt.as_bytes(), LOG_KEYS)) == (
            "checkpoint-signature-invalid"
        )
    else:
        assert verify_checkpoint(spoilt.as_bytes(), LOG_KEYS) == checkpoint()
        assert code_of(lambda: verified_cosignatures(spoilt, W1_KEYS)) == "cosignature-invalid"


def test_signatures_of_unknown_keys_are_passed_over() -> None:
    imposter = cosign(cosigned(), [signer(W1, NoteAlgorithm.COSIGNATURE_ED25519, "other")], NOW)
    note = cosigned().with_signatures(imposter)
    assert verify_checkpoint(note.as_bytes(), LOG_KEYS) == checkpoint()
    assert verified_cosignatures(note, W1_KEYS) == ()


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (signed(6), "another size"),
        (signed(5, at=datetime(2026, 11, 22, 9, 0, 1, tzinfo=UTC)), "another time"),
    ],
)
def test_signatures_do_not_move_to_another_checkpoint(raw: bytes, why: str) -> None:
    note, other = cosigned(W1), read_note(raw)
    if why == "another size":
        moved = Note(text=other.text, signatures=note.signatures)
        assert code_of(lambda: verify_checkpoint(moved.as_bytes(), LOG_KEYS)) == (
            "checkpoint-signature-invalid"
        )
        assert code_of(lambda: verified_cosignatures(moved, W1_KEYS)) == "cosignature-invalid"
    else:
        line = note.signatures[1]
        moved = replace(note, signatures=(replace(line, raw=other.signatures[1].raw[:8] + line.raw[8:]),))
        assert code_of(lambda: verify_checkpoint(moved.as_bytes(), [LOG_KEYS[1]])) == (
            "checkpoint-signature-invalid"
        )


def test_signature_of_one_kind_does_not_pass_for_another() -> None:
    """One Ed25519 key under two types: what it signed as a log is no cosignature."""
    as_log = log_signers()[0]
    as_witness = replace(as_log.key, algorithm=NoteAlgorithm.COSIGNATURE_ED25519)
    note = cosigned()
    moved = note.with_signatures(
        [NoteSignature(name=LOG, key_id=as_witness.key_id, raw=STAMP.to_bytes(8) + note.signatures[0].raw)]
    )
    assert code_of(lambda: verified_cosignatures(moved, [as_witness])) == "cosignature-invalid"


def test_checkpoint_of_another_log_is_refused() -> None:
    raw = signed(origin="kz-mvd/log")
    assert code_of(lambda: verify_checkpoint(raw, LOG_KEYS)) == "checkpoint-origin-mismatch"


def test_cosignature_without_a_time_states_none() -> None:
    key = witness_signers(W1)[1]
    message = b"subtree/v1\n\0\x0ekz-mvd/witness" + bytes(8) + b"\x0akz-knb/log" + bytes(8) + (5).to_bytes(8)
    raw = bytes(8) + key.sign(message + checkpoint().root)
    note = cosigned().with_signatures([NoteSignature(name=W1, key_id=key.key.key_id, raw=raw)])
    (found,) = verified_cosignatures(note, [key.key])
    assert found.at is None


@pytest.mark.parametrize("stamp", [1, 253402300799])
def test_cosignature_states_any_time_that_a_calendar_has(stamp: int) -> None:
    key = witness_signers(W1)[0]
    at = datetime.fromtimestamp(stamp, UTC)
    (found,) = verified_cosignatures(cosigned().with_signatures(cosign(cosigned(), [key], at)), [key.key])
    assert found.at == at


@pytest.mark.parametrize("stamp", [253402300800, 2**63 - 1, 2**64 - 1])
def test_cosignature_of_a_time_beyond_every_calendar_is_refused(stamp: int) -> None:
    key = witness_signers(W1)[0]
    raw = stamp.to_bytes(8) + key.sign(b"cosignature/v1\ntime %d\n" % stamp + checkpoint().text.encode())
    note = cosigned().with_signatures([NoteSignature(name=W1, key_id=key.key.key_id, raw=raw)])
    assert code_of(lambda: verified_cosignatures(note, [key.key])) == "cosignature-invalid"


def test_refusal_names_the_algorithm_that_is_missing() -> None:
    note = cosigned()
    for kept, missing in ((0, "ML-DSA-44"), (1, "Ed25519")):
        half = replace(note, signatures=(note.signatures[kept],)).as_bytes()
        with pytest.raises(IntegrityFailure, match=f"The {missing} signature .* is missing"):
            verify_checkpoint(half, LOG_KEYS)


def test_another_logs_extension_lines_are_read_and_signed_with_its_text() -> None:
    log = signer("other/log", NoteAlgorithm.ED25519)
    text = Checkpoint(origin="other/log", size=5, root=checkpoint().root, extensions=("more", "lines")).text
    line = NoteSignature(name="other/log", key_id=log.key.key_id, raw=log.sign(text.encode()))
    note = Note(text=text, signatures=(line,))
    read = verify_checkpoint(note.as_bytes(), [log.key])
    assert read.extensions == ("more", "lines")
    witnessed = note.with_signatures(cosign(note, witness_signers(W1), NOW))
    assert len(verified_cosignatures(witnessed, W1_KEYS)) == 2
    with pytest.raises(ValueError, match="extension"):
        sign_checkpoint(read, [log], NOW)


def test_longest_origin_and_largest_size_are_taken() -> None:
    name = "л" * 127 + "/"
    log = [signer(name, NoteAlgorithm.COSIGNATURE_ML_DSA_44)]
    most = Checkpoint(origin=name, size=2**63 - 1, root=checkpoint().root)
    assert verify_checkpoint(sign_checkpoint(most, log, NOW), keys(log)) == most


ROOT = checkpoint().text.split("\n")[2]


@pytest.mark.parametrize(
    "text",
    [
        "\n",
        "kz-knb/log\n",
        "kz-knb/log\n5\n",
        f"kz-knb/log\n05\n{ROOT}\n",
        f"kz-knb/log\n+5\n{ROOT}\n",
        f"kz-knb/log\n-5\n{ROOT}\n",
        f"kz-knb/log\n 5\n{ROOT}\n",
        f"kz-knb/log\n5 \n{ROOT}\n",
        f"kz-knb/log\n0x5\n{ROOT}\n",
        f"kz-knb/log\n٥\n{ROOT}\n",
        f"kz-knb/log\n{2**63}\n{ROOT}\n",
        f"kz-knb/log\n{'9' * 5000}\n{ROOT}\n",
        f"kz-knb/log\n\n5\n{ROOT}\n",
        f"\n5\n{ROOT}\n",
        f"{'o' * 256}\n5\n{ROOT}\n",
        f"kz-knb/log\n5\n{ROOT}\n\n",
        f"kz-knb/log\n5\n{ROOT}\n\nmore\n",
        f"kz-knb/log\n5\n{ROOT[:-1]}\n",
        f"kz-knb/log\n5\n{ROOT} \n",
        f"kz-knb/log\n5\n{ROOT[:-4]}\n",
        f"kz-knb/log\n5\n{'A' * 43}B\n",
        f"kz-knb/log\n5\n{'A' * 42}B=\n",
    ],
)
def test_other_texts_are_no_checkpoints(text: str) -> None:
    note = Note(text=text, signatures=read_note(signed()).signatures)
    assert code_of(lambda: read_checkpoint(note)) == "checkpoint-invalid"


def test_altered_byte_is_never_proven() -> None:
    note = cosigned(W1).as_bytes()
    # The long lines repeat one structure: every 16th byte of them here, every byte in the slow test below.
    for at in [*range(200), *range(200, len(note), 16)]:
        assert not proven(note[:at] + bytes([note[at] ^ 1]) + note[at + 1 :]), at
    assert proven(note)


@pytest.mark.slow
@pytest.mark.parametrize("mask", [0x01, 0x20, 0x80])
def test_every_altered_byte_of_the_whole_note_fails(mask: int) -> None:
    note = cosigned(W1).as_bytes()
    for at in range(len(note)):
        assert not proven(note[:at] + bytes([note[at] ^ mask]) + note[at + 1 :]), at


def proven(raw: bytes) -> bool:
    """Return whether log and witness, each with both keys, stand behind a note."""
    try:
        verify_checkpoint(raw, LOG_KEYS)
        found = verified_cosignatures(read_note(raw), W1_KEYS)
    except IntegrityFailure:
        return False
    return len(found) == 2 and all(one.at == NOW for one in found)


def test_empty_log_has_a_checkpoint() -> None:
    empty = Checkpoint(origin=LOG, size=0, root=EMPTY_ROOT)
    assert verify_checkpoint(sign_checkpoint(empty, log_signers(), NOW), LOG_KEYS) == empty


def test_signing_needs_the_logs_own_keys_and_an_aware_time() -> None:
    with pytest.raises(ValueError, match="origin as their name"):
        sign_checkpoint(checkpoint(), witness_signers(W1), NOW)
    with pytest.raises(ValueError, match="aware"):
        sign_checkpoint(checkpoint(), log_signers(), NOW.replace(tzinfo=None))
    with pytest.raises(ValueError, match="1970"):
        cosign(cosigned(), witness_signers(W1), datetime(1970, 1, 1, tzinfo=UTC))
    with pytest.raises(ValueError, match="no time"):
        cosign(cosigned(), [signer(W1, NoteAlgorithm.ED25519)], NOW)
    with pytest.raises(ValueError, match="one name"):
        verify_checkpoint(signed(), [])
    with pytest.raises(ValueError, match="one name"):
        verify_checkpoint(signed(), [*LOG_KEYS, *W1_KEYS])


@pytest.mark.parametrize(
    "changed",
    [{"origin": ""}, {"origin": "a\nb"}, {"size": -1}, {"size": 2**63}, {"root": b""}, {"extensions": ("",)}],
)
def test_impossible_checkpoint_is_not_made(changed: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        replace(checkpoint(), **changed)  # type: ignore[arg-type]
