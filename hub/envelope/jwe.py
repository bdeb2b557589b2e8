"""JWE General JSON (RFC 7516 section 7.2.1): one content, one encrypted key for each recipient.

What is written is canonical and has one spelling. What is read may have white space and any order of
members, and may keep a recipient's `alg`, `kid`, `epk` and `ek` in the protected header where there is one
recipient, as other libraries do; it has no other members than those named here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub.envelope.canonical import canonical
from hub.envelope.encoding import (
    b64u,
    b64u_text_of,
    list_of,
    members,
    parse_json,
    refuse_deeper,
    text_of,
    unb64u,
)
from hub.envelope.key_wrapping import CONTENT_KEY_BYTES, SENDER_MEMBER, unwrap, wrap
from hub.envelope.keys import DecryptionKeys, PublicKeys
from hub.envelope.suites import CONTENT_ENCRYPTION, Suite
from hub.errors import IntegrityFailure

_IV_BYTES: Final = 12
_TAG_BYTES: Final = 16

_JWE: Final = frozenset({"ciphertext", "iv", "protected", "recipients", "tag"})
_ENTRY: Final = frozenset({"encrypted_key"})
_ENTRY_HEADER: Final = frozenset({"header"})
#: The header members of one recipient: in the protected header or in the recipient's own, never in both.
KEY_MEMBERS: Final = frozenset({"alg", "ek", "epk", "kid"})


@dataclass(frozen=True, kw_only=True)
class Jwe:
    """A JWE taken apart. Each of `recipients` has its header members, wherever they stood, beside its key."""

    protected: str
    header: Mapping[str, object]
    recipients: tuple[Mapping[str, object], ...]
    iv: str
    ciphertext: str
    tag: str


def encrypt(
    plaintext: bytes, *, header: Mapping[str, object], suite: Suite, recipients: Sequence[PublicKeys]
) -> tuple[Jwe, bytes]:
    """Encrypt to some recipients under a fresh content key, which is returned beside the JWE.

    `alg` and `enc` join the protected header.
    """
    content_key, iv = os.urandom(CONTENT_KEY_BYTES), os.urandom(_IV_BYTES)
    header = {**header, "alg": suite.key_algorithm, "enc": CONTENT_ENCRYPTION}
    protected = b64u(canonical(header))
    encrypted = AESGCM(content_key).encrypt(iv, plaintext, protected.encode("ascii"))
    jwe = Jwe(
        protected=protected,
        header=header,
        recipients=tuple(wrap(content_key, suite=suite, to=recipient) for recipient in recipients),
        iv=b64u(iv),
        ciphertext=b64u(encrypted[:-_TAG_BYTES]),
        tag=b64u(encrypted[-_TAG_BYTES:]),
    )
    return jwe, content_key


def write_jwe(jwe: Jwe) -> bytes:
    """Return the bytes of a JWE that `encrypt` made."""
    recipients = [
        {
            "encrypted_key": entry["encrypted_key"],
            "header": {name: entry[name] for name in KEY_MEMBERS & entry.keys()},
        }
        for entry in jwe.recipients
    ]
    return b'{"ciphertext":"%b","iv":"%b","protected":"%b","recipients":%b,"tag":"%b"}' % (
        jwe.ciphertext.encode("ascii"),
        jwe.iv.encode("ascii"),
        jwe.protected.encode("ascii"),
        canonical(recipients),
        jwe.tag.encode("ascii"),
    )


def read_jwe(raw: bytes, *, max_depth: int) -> Jwe:
    """Take a JWE apart; raise ValueError when it is not of the form.

    All that a relay hands on is ASCII and looks like base64url, though it cannot open any of it.
    """
    if not raw.isascii():
        raise ValueError("it is not ASCII")
    jwe = members(parse_json(raw), _JWE)
    refuse_deeper(jwe, max_depth)
    protected = text_of(jwe, "protected")
    header = parse_json(unb64u(protected))
    refuse_deeper(header, max_depth)
    recipients = tuple(_read_entry(value, header) for value in list_of(jwe, "recipients"))
    if len({entry["kid"] for entry in recipients}) != len(recipients):
        raise ValueError("two recipients have the same key")
    return Jwe(
        protected=protected,
        header=header,
        recipients=recipients,
        iv=b64u_text_of(jwe, "iv"),
        ciphertext=b64u_text_of(jwe, "ciphertext"),
        tag=b64u_text_of(jwe, "tag"),
    )


def _read_entry(value: object, header: Mapping[str, object]) -> Mapping[str, object]:
    entry = members(value, _ENTRY, _ENTRY_HEADER)
    own = members(entry.get("header", {}), frozenset(), KEY_MEMBERS)
    if own.keys() & header.keys():
        raise ValueError("a header member stands both in the protected header and at a recipient")
    joint = {name: header[name] for name in KEY_MEMBERS & header.keys()} | dict(own)
    if not {"alg", "kid"} <= joint.keys():
        raise ValueError("a recipient has no alg or no kid")
    text_of(joint, "kid")
    return joint | {"encrypted_key": b64u_text_of(entry, "encrypted_key")}


def refuse_other_algorithms(jwe: Jwe, suite: Suite) -> None:
    """Raise ValueError unless the content, and every recipient's key, is encrypted as the suite asks."""
    if jwe.header.get("enc") != CONTENT_ENCRYPTION:
        raise ValueError(f"enc is not {CONTENT_ENCRYPTION}")
    expected = {"alg", "encrypted_key", "kid", SENDER_MEMBER[suite]}
    for entry in jwe.recipients:
        if entry["alg"] != suite.key_algorithm or entry.keys() != expected:
            raise ValueError(f"a recipient's key is not encrypted as suite {suite.value} asks")


def decrypt(jwe: Jwe, content_key: bytes) -> bytes:
    """Return the plaintext under its content key.

    Raises ValueError for what has not the right form, IntegrityFailure `decryption-failed`.
    """
    encrypted = unb64u(jwe.ciphertext) + unb64u(jwe.tag, size=_TAG_BYTES)
    iv = unb64u(jwe.iv, size=_IV_BYTES)
    try:
        return AESGCM(content_key).decrypt(iv, encrypted, jwe.protected.encode("ascii"))
    except InvalidTag:
        raise IntegrityFailure("decryption-failed", "The content does not open with its key.") from None


def content_key_of(jwe: Jwe, index: int, *, suite: Suite, keys: DecryptionKeys) -> bytes:
    """Return the content key as the recipient at an index opens it.

    Raises ValueError for what has not the right form, PeerFault `key-unknown` and IntegrityFailure
    `decryption-failed`.
    """
    return unwrap(jwe.recipients[index], suite=suite, keys=keys)
