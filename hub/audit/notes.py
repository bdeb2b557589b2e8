"""Signed notes (C2SP signed-note): text, then one line for each signature by a named key."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from hub.audit.encoding import b64, unb64
from hub.errors import IntegrityFailure

#: The most signature lines that a note may have (C2SP signed-note: at least 16 must be accepted).
SIGNATURES_MAX: Final = 64
#: The most bytes of a note: 64 ML-DSA-44 signatures of 3.3 kB each and a checkpoint fit.
NOTE_MAX_BYTES: Final = 256 * 1024
#: The most bytes of a key's name; an ML-DSA-44 cosignature counts them in one byte (C2SP tlog-cosignature).
NAME_MAX_BYTES: Final = 255

_CONTROLS: Final = re.compile(r"[\x00-\x09\x0b-\x1f]")
_DASH: Final = "— "


class NoteAlgorithm(Enum):
    """How a key signs, by its type byte (C2SP signed-note, "Signature types")."""

    ED25519 = 0x01
    COSIGNATURE_ED25519 = 0x04
    COSIGNATURE_ML_DSA_44 = 0x06

    @property
    def public_bytes(self) -> int:
        """Return the length of a public key."""
        return 1312 if self is NoteAlgorithm.COSIGNATURE_ML_DSA_44 else 32


@dataclass(frozen=True, kw_only=True)
class NoteKey:
    """A public key with the name it signs under: what a verifier pins."""

    name: str
    algorithm: NoteAlgorithm
    public: bytes
    key_id: bytes = field(init=False, compare=False)

    def __post_init__(self) -> None:
        _check_name(self.name)
        if len(self.public) != self.algorithm.public_bytes:
            raise ValueError(
                f"the public key has {len(self.public)} bytes; expected {self.algorithm.public_bytes}"
            )
        hashed = sha256(self.name.encode() + b"\n" + self._typed()).digest()
        object.__setattr__(self, "key_id", hashed[:4])

    def _typed(self) -> bytes:
        return bytes([self.algorithm.value]) + self.public

    @property
    def vkey(self) -> str:
        """Return the key as one text (C2SP signed-note, "Verifier keys")."""
        return f"{self.name}+{self.key_id.hex()}+{b64(self._typed())}"

    @classmethod
    def parse(cls, vkey: str) -> NoteKey:
        """Return the key of a verifier key's text; raise ValueError for any other spelling of it."""
        name, _, rest = vkey.partition("+")
        _key_id, _, encoded = rest.partition("+")
        typed = unb64(encoded)
        if not typed or typed[0] not in {algorithm.value for algorithm in NoteAlgorithm}:
            raise ValueError("the verifier key's type is not one that is known here: 01, 04 or 06")
        key = cls(name=name, algorithm=NoteAlgorithm(typed[0]), public=typed[1:])
        if key.vkey != vkey:
            raise ValueError("the verifier key's id is not that of its name and public key")
        return key

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Return whether a bare signature over a message is by this key."""
        public: Ed25519PublicKey | MLDSA44PublicKey
        try:
            if self.algorithm is NoteAlgorithm.COSIGNATURE_ML_DSA_44:
                public = MLDSA44PublicKey.from_public_bytes(self.public)
            else:
                public = Ed25519PublicKey.from_public_bytes(self.public)
            public.verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, kw_only=True)
class NoteSigner:
    """A key that signs, and its private half."""

    key: NoteKey
    private: Ed25519PrivateKey | MLDSA44PrivateKey = field(repr=False)

    def __post_init__(self) -> None:
        if self.private.public_key().public_bytes_raw() != self.key.public:
            raise ValueError("the private key is not that of the public key")

    @classmethod
    def of(
        cls, name: str, algorithm: NoteAlgorithm, private: Ed25519PrivateKey | MLDSA44PrivateKey
    ) -> NoteSigner:
        """Return the signer of a private key under a name."""
        public = private.public_key().public_bytes_raw()
        return cls(key=NoteKey(name=name, algorithm=algorithm, public=public), private=private)

    def sign(self, message: bytes) -> bytes:
        """Return the bare signature over a message."""
        return self.private.sign(message)


@dataclass(frozen=True, kw_only=True)
class NoteSignature:
    """One signature line: whose, and the bytes after the key's id."""

    name: str
    key_id: bytes
    raw: bytes = field(repr=False)

    def __post_init__(self) -> None:
        _check_name(self.name)
        if len(self.key_id) != 4 or not self.raw:
            raise ValueError("a signature has a key id of 4 bytes and at least one byte more")

    @property
    def line(self) -> str:
        """Return the line with its end: em dash, name, Base64 of key id and signature."""
        return f"{_DASH}{self.name} {b64(self.key_id + self.raw)}\n"

    def is_by(self, key: NoteKey) -> bool:
        """Return whether it says to be by that key: name and key id together decide."""
        return self.name == key.name and self.key_id == key.key_id


@dataclass(frozen=True, kw_only=True)
class Note:
    """A text and the signatures under it; nothing is verified yet."""

    text: str
    signatures: tuple[NoteSignature, ...]

    def __post_init__(self) -> None:
        if not self.text.endswith("\n") or _CONTROLS.search(self.text):
            raise ValueError("a note's text ends with a newline and has no other control characters")
        if not 1 <= len(self.signatures) <= SIGNATURES_MAX:
            raise ValueError(f"a note has {len(self.signatures)} signatures; expected 1 to {SIGNATURES_MAX}")

    def as_bytes(self) -> bytes:
        """Return the note as it is sent and stored."""
        return (self.text + "\n" + "".join(signature.line for signature in self.signatures)).encode()

    def with_signatures(self, more: Iterable[NoteSignature]) -> Note:
        """Return the note with further signatures after those it has; none stands twice."""
        return Note(text=self.text, signatures=tuple(dict.fromkeys((*self.signatures, *more))))


def read_note(raw: bytes) -> Note:
    """Return the note of received bytes: only the one spelling that `Note.as_bytes` writes is taken."""
    text, blank, lines = _decode(raw).rpartition("\n\n")
    if not blank:
        raise IntegrityFailure("note-invalid", "A signed note has an empty line before its signatures.")
    try:
        return Note(text=text + "\n", signatures=_signatures(lines))
    except ValueError as error:
        raise IntegrityFailure("note-invalid", f"The signed note is not well formed: {error}.") from None


def read_signatures(raw: bytes) -> tuple[NoteSignature, ...]:
    """Return the signatures of bare signature lines, which is what a witness answers."""
    try:
        return _signatures(_decode(raw))
    except ValueError as error:
        raise IntegrityFailure("note-invalid", f"The signature lines are not well formed: {error}.") from None


def _decode(raw: bytes) -> str:
    if len(raw) > NOTE_MAX_BYTES:
        raise IntegrityFailure(
            "note-invalid", f"The signed note has {len(raw)} bytes; at most {NOTE_MAX_BYTES} are taken."
        )
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise IntegrityFailure("note-invalid", "The signed note is not UTF-8.") from None


def _signatures(lines: str) -> tuple[NoteSignature, ...]:
    *each, rest = lines.split("\n")
    if rest or not 1 <= len(each) <= SIGNATURES_MAX:
        raise ValueError(f"there are 1 to {SIGNATURES_MAX} signature lines, each ending with a newline")
    return tuple(map(_signature, each))


def _signature(line: str) -> NoteSignature:
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space:
        raise ValueError("a signature line is an em dash, a name and Base64, one space between")
    raw = unb64(encoded)
    return NoteSignature(name=name, key_id=raw[:4], raw=raw[4:])


def _check_name(name: str) -> None:
    if not name or "+" in name or _CONTROLS.search(name) or any(map(str.isspace, name)):
        raise ValueError("a key's name is not empty and has no space, plus or control character")
    if len(name.encode()) > NAME_MAX_BYTES:
        raise ValueError(f"a key's name has at most {NAME_MAX_BYTES} bytes")
