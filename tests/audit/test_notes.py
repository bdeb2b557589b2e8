"""Signed notes, against the specification's own example and against every other spelling."""

from __future__ import annotations

from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from hub.audit.notes import (
    NOTE_MAX_BYTES,
    SIGNATURES_MAX,
    Note,
    NoteAlgorithm,
    NoteKey,
    NoteSignature,
    NoteSigner,
    read_note,
    read_signatures,
)
from hub.errors import IntegrityFailure

# C2SP signed-note, "Example".
VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
NOTE = """This is an example message.

— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
""".encode()

ED25519 = Ed25519PrivateKey.from_private_bytes(sha256(b"ed25519").digest())
ML_DSA_44 = MLDSA44PrivateKey.from_seed_bytes(sha256(b"ml-dsa-44").digest())


def test_specification_example_verifies() -> None:
    key, note = NoteKey.parse(VKEY), read_note(NOTE)
    (signature,) = note.signatures
    assert note.text == "This is an example message.\n"
    assert note.as_bytes() == NOTE
    assert signature.is_by(key)
    assert key.verifies(signature.raw, note.text.encode())
    assert not key.verifies(signature.raw, b"This is another message.\n")
    assert key.vkey == VKEY


@pytest.mark.parametrize("algorithm", NoteAlgorithm)
def test_key_survives_its_text_and_its_signer_signs(algorithm: NoteAlgorithm) -> None:
    private = ML_DSA_44 if algorithm is NoteAlgorithm.COSIGNATURE_ML_DSA_44 else ED25519
    signer = NoteSigner.of("kz-knb/log", algorithm, private)
    assert NoteKey.parse(signer.key.vkey) == signer.key
    assert signer.key.verifies(signer.sign(b"m"), b"m")
    assert "private" not in repr(signer)


def test_one_key_has_another_id_for_another_type_or_name() -> None:
    made = {
        NoteSigner.of(name, algorithm, ED25519).key.key_id
        for name in ("a", "b")
        for algorithm in (NoteAlgorithm.ED25519, NoteAlgorithm.COSIGNATURE_ED25519)
    }
    assert len(made) == 4


def test_signer_needs_the_private_half_of_its_key() -> None:
    key = NoteSigner.of("a", NoteAlgorithm.ED25519, ED25519).key
    with pytest.raises(ValueError, match="not that of the public key"):
        NoteSigner(key=key, private=Ed25519PrivateKey.generate())


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "example.com/foo",
        VKEY.replace("530d903a", "530d903b"),
        VKEY.replace("530d903a", "530D903A"),
        VKEY.replace("foo", "bar"),
        VKEY.replace("example.com/foo", ""),
        VKEY.replace("+Ae", "+Be"),
        VKEY + "=",
        VKEY + "\n",
        VKEY[:-4],
        VKEY.replace("foo", "f o"),
    ],
)
def test_other_verifier_keys_are_refused(vkey: str) -> None:
    with pytest.raises(ValueError):
        NoteKey.parse(vkey)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\n",
        b"\n\n",
        NOTE[:-1],
        NOTE + b"\n",
        NOTE.replace(b"\n\n", b"\n"),
        NOTE.replace(b"example m", b"example\tm"),
        NOTE.replace(b"\n", b"\r\n"),
        NOTE.replace(b"example m", b"example\xffm"),
        NOTE.replace("—".encode(), b"-"),
        NOTE.replace("— ".encode(), "—  ".encode()),
        NOTE.replace(b"foo U", b"foo  U"),
        NOTE.replace(b"foo U", b"f+o U"),
        NOTE.replace(b"foo U", "f\u00a0o U".encode()),
        NOTE.replace(b"aQM=", b"aQM"),
        NOTE.replace(b"aQM=", b"aQN="),
        NOTE.replace(b"aQM=", b"aQM=="),
        NOTE.replace(b"+JGh", b"-JGh").replace(b"nagv", b"na-v"),
        NOTE[: NOTE.index(b"Uw2Q")] + b"Uw2QOg==\n",
        NOTE[NOTE.index(b"\n\n") + 2 :],
        NOTE.replace("— ".encode(), b""),
        NOTE + "— example.com/foo \n".encode(),
        NOTE + "— example.com/foo\n".encode(),
        b"x" * NOTE_MAX_BYTES + NOTE,
    ],
)
def test_other_spellings_of_a_note_are_refused(raw: bytes) -> None:
    with pytest.raises(IntegrityFailure) as refused:
        read_note(raw)
    assert refused.value.code == "note-invalid"


def test_note_has_at_most_256_kib() -> None:
    signed = NOTE[NOTE.index(b"\n\n") :]
    most = b"x" * (256 * 1024 - len(signed)) + signed
    assert read_note(most).as_bytes() == most
    with pytest.raises(IntegrityFailure, match="at most 262144"):
        read_note(b"x" + most)


def test_types_are_those_that_c2sp_assigned() -> None:
    assert [algorithm.value for algorithm in NoteAlgorithm] == [0x01, 0x04, 0x06]
    for algorithm, size in zip(NoteAlgorithm, (32, 32, 1312), strict=True):
        NoteKey(name="a", algorithm=algorithm, public=bytes(size))
        with pytest.raises(ValueError, match=f"expected {size}"):
            NoteKey(name="a", algorithm=algorithm, public=bytes(size + 1))


@pytest.mark.parametrize("name", ["", "a b", "a\u2003b", "a+b", "a\nb", "a\x7f\x1f", "л" * 128])
def test_other_names_of_keys_are_refused(name: str) -> None:
    for make in (
        lambda: NoteKey(name=name, algorithm=NoteAlgorithm.ED25519, public=bytes(32)),
        lambda: NoteSignature(name=name, key_id=b"1234", raw=b"s"),
    ):
        with pytest.raises(ValueError, match="name"):
            make()
    NoteSignature(name="л" * 127 + "a", key_id=b"1234", raw=b"s")


def test_text_ends_at_the_last_empty_line() -> None:
    raw = b"one\n\n\n\ntwo\n" + NOTE[NOTE.index(b"\n\n") + 1 :]
    note = read_note(raw)
    assert note.text == "one\n\n\n\ntwo\n"
    assert note.as_bytes() == raw


def test_number_of_signatures_is_bounded() -> None:
    lines = [
        NoteSignature(name=f"w{number}", key_id=b"1234", raw=b"s") for number in range(SIGNATURES_MAX + 1)
    ]
    most = Note(text="t\n", signatures=tuple(lines[:SIGNATURES_MAX]))
    assert read_note(most.as_bytes()) == most
    with pytest.raises(ValueError, match="65 signatures"):
        most.with_signatures(lines)
    with pytest.raises(IntegrityFailure):
        read_note(most.as_bytes() + lines[-1].line.encode())
    with pytest.raises(ValueError, match="0 signatures"):
        Note(text="t\n", signatures=())


def test_signature_lines_are_read_alone_and_added_once() -> None:
    note = read_note(NOTE)
    more = NoteSignature(name="w1", key_id=b"1234", raw=b"s")
    (read,) = read_signatures(more.line.encode())
    assert read == more
    assert note.with_signatures([more, more, *note.signatures]).as_bytes() == NOTE + more.line.encode()
    with pytest.raises(IntegrityFailure):
        read_signatures(b"")
