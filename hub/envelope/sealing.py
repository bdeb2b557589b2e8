"""The envelope's steps of the record's way: sign, seal; peek, open, verify.

Inside: JWS General JSON by the originator over the canonical manifest and content. Outside: JWE General
JSON with one entry for each recipient, in the order of the header's recipients. Received bytes are opened
as they came; nothing is ever written anew before it is checked.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub.envelope.canonical import canonical, digest
from hub.envelope.encoding import b64u, b64u_bytes, list_of, members, parse_json, text_of, unb64u
from hub.envelope.header import HEADER_MEMBERS, Header
from hub.envelope.jws import check_jws, read_jws, sign_jws
from hub.envelope.key_wrapping import CONTENT_KEY_BYTES, SENDER_MEMBER, unwrap, wrap
from hub.envelope.keys import DecryptionKeys, PublicKeys, SigningKeys
from hub.envelope.manifest import Manifest
from hub.envelope.suites import CONTENT_ENCRYPTION, Suite
from hub.errors import IntegrityFailure, PeerFault

#: The types in the protected headers of the two layers.
SIGNED_TYPE: Final = "hub-record+json"
SEALED_TYPE: Final = "hub-envelope+json"

_IV_BYTES: Final = 12
_TAG_BYTES: Final = 16
_DEFAULT_DEPTH: Final = 32

_JWE: Final = frozenset({"ciphertext", "iv", "protected", "recipients", "tag"})
_PROTECTED: Final = HEADER_MEMBERS | {"bind", "enc", "typ"}
# RFC 7516 lets these stand in the protected header or in a recipient's own, but in one place only.
_KEY_MEMBERS: Final = frozenset({"alg", "ek", "epk", "kid"})
_ENTRY: Final = frozenset({"encrypted_key"})
_ENTRY_HEADER: Final = frozenset({"header"})
_SUITES: Final = {suite.value: suite for suite in Suite}
_PAYLOAD_START: Final = b'{"content":'
_PAYLOAD_MIDDLE: Final = b',"manifest":'


@dataclass(frozen=True, kw_only=True)
class Signed:
    """A manifest and the JWS bytes that state it together with its content."""

    manifest: Manifest
    raw: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The JWE taken apart. `keys` are the recipients' entries with all their header members in one place."""

    protected: str
    bind: str
    keys: tuple[Mapping[str, object], ...]
    iv: str
    ciphertext: str
    tag: str
    max_depth: int


@dataclass(frozen=True, kw_only=True)
class Sealed:
    """One envelope's bytes and what they say on the outside, which nobody has verified yet.

    `digest` is the SHA-256 of the bytes; receipts name it.
    """

    raw: bytes = field(repr=False)
    header: Header
    digest: bytes
    parts: Parts = field(repr=False, compare=False)


@dataclass(frozen=True, kw_only=True)
class Opened:
    """The decrypted JWS: it came from someone who knew our key, which is anyone."""

    sealed: Sealed
    jws: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Verified:
    """A manifest and content that the originator signed, for us, in this envelope.

    `content_digest` is the SHA-256 of the content's bytes as signed: for an originator who keeps to the
    specification, of the canonical content. `signed_by` are the ids of the keys that signed.
    """

    manifest: Manifest
    content: Mapping[str, object] = field(repr=False)
    content_digest: bytes
    sealed: Sealed
    signed_by: tuple[str, ...]


def sign(manifest: Manifest, content: Mapping[str, object], keys: SigningKeys) -> Signed:
    """Sign a manifest and its content by every algorithm of the manifest's suite.

    Raises IntegrityFailure `binding-mismatch` when the manifest, or an approval in it, is for other content.
    """
    content_bytes = canonical(content)
    if wrong := manifest.contradiction(content, digest(content_bytes)):
        raise IntegrityFailure("binding-mismatch", wrong)
    payload = b"%b%b%b%b}" % (
        _PAYLOAD_START,
        content_bytes,
        _PAYLOAD_MIDDLE,
        canonical(manifest.as_document()),
    )
    return Signed(manifest=manifest, raw=sign_jws(payload, typ=SIGNED_TYPE, keys=keys, suite=manifest.suite))


def seal(signed: Signed, recipients: Sequence[PublicKeys]) -> Sealed:
    """Encrypt a signed record to exactly the agencies it was signed for.

    Raises IntegrityFailure `recipient-mismatch` for any other set, PeerFault `suite-not-allowed` when one of
    them has no key of the suite.
    """
    header = signed.manifest.header
    keys = {to.agency: to for to in recipients}
    if len(keys) != len(recipients) or tuple(sorted(keys)) != header.recipients:
        raise IntegrityFailure(
            "recipient-mismatch",
            "An envelope is sealed to the agencies that it was signed for, to each once.",
        )
    content_key, iv = os.urandom(CONTENT_KEY_BYTES), os.urandom(_IV_BYTES)
    protected = header.as_members() | {
        "alg": header.suite.key_algorithm,
        "bind": b64u(digest(signed.raw)),
        "enc": CONTENT_ENCRYPTION,
        "typ": SEALED_TYPE,
    }
    encoded = b64u_bytes(canonical(protected))
    encrypted = AESGCM(content_key).encrypt(iv, signed.raw, encoded)
    entries = [wrap(content_key, suite=header.suite, to=keys[agency]) for agency in header.recipients]
    raw = b'{"ciphertext":"%b","iv":"%b","protected":"%b","recipients":%b,"tag":"%b"}' % (
        b64u_bytes(encrypted[:-_TAG_BYTES]),
        b64u_bytes(iv),
        encoded,
        canonical(entries),
        b64u_bytes(encrypted[-_TAG_BYTES:]),
    )
    return peek(raw, max_bytes=len(raw))


def peek(raw: bytes, *, max_bytes: int, max_depth: int = _DEFAULT_DEPTH) -> Sealed:
    """Take an envelope apart without opening it: all that a relay does. Nothing in it is trusted.

    Raises PeerFault `envelope-too-large`, `envelope-malformed` and `suite-unknown`, in that order.
    """
    if len(raw) > max_bytes:
        raise PeerFault(
            "envelope-too-large", f"The envelope has {len(raw)} bytes; at most {max_bytes} are taken."
        )
    try:
        jwe = members(parse_json(raw, max_depth=max_depth), _JWE)
        encoded = text_of(jwe, "protected")
        protected = members(parse_json(unb64u(encoded), max_depth=max_depth), _PROTECTED, _KEY_MEMBERS)
        if text_of(protected, "suite") not in _SUITES:
            raise PeerFault("suite-unknown", "The envelope is of a suite that is not known here.")
        suite = _SUITES[text_of(protected, "suite")]
        if protected["enc"] != CONTENT_ENCRYPTION or protected["typ"] != SEALED_TYPE:
            raise ValueError(f"enc is {CONTENT_ENCRYPTION} and typ is {SEALED_TYPE}")
        header = Header.load(protected, suite=suite)
        keys = tuple(_entry(value, protected, suite) for value in list_of(jwe, "recipients"))
        if len(keys) != len(header.recipients) or len({key["kid"] for key in keys}) != len(keys):
            raise ValueError("there is one entry, with a key of its own, for each recipient")
        parts = Parts(
            protected=encoded,
            bind=text_of(protected, "bind"),
            keys=keys,
            iv=text_of(jwe, "iv"),
            ciphertext=text_of(jwe, "ciphertext"),
            tag=text_of(jwe, "tag"),
            max_depth=max_depth,
        )
    except ValueError as error:
        raise _malformed(error) from None
    return Sealed(raw=raw, header=header, digest=digest(raw), parts=parts)


def _malformed(error: ValueError) -> PeerFault:
    return PeerFault("envelope-malformed", f"The envelope cannot be read: {error}.")


def _entry(value: object, protected: Mapping[str, object], suite: Suite) -> Mapping[str, object]:
    """Return one recipient's entry with its header members, wherever they stand, beside its key."""
    entry = members(value, _ENTRY, _ENTRY_HEADER)
    own = members(entry.get("header", {}), frozenset(), _KEY_MEMBERS)
    shared = _KEY_MEMBERS & protected.keys()
    if shared & own.keys():
        raise ValueError("a header member stands both in the protected header and at a recipient")
    joint = {name: protected[name] for name in shared} | dict(own)
    members(joint, frozenset({"alg", "kid", SENDER_MEMBER[suite]}))
    if joint["alg"] != suite.key_algorithm:
        raise ValueError(f"a recipient's key is not encrypted as suite {suite.value} asks")
    text_of(joint, "kid")
    return joint | {"encrypted_key": text_of(entry, "encrypted_key")}


def open(sealed: Sealed, *, agency: str, keys: DecryptionKeys) -> Opened:
    """Decrypt an envelope for one of its recipients.

    Raises PeerFault `not-addressed-to-us`, `key-unknown` and `envelope-malformed`, IntegrityFailure
    `decryption-failed`.
    """
    header, parts = sealed.header, sealed.parts
    if agency not in header.recipients:
        raise PeerFault("not-addressed-to-us", f"The envelope holds no key for {agency}.")
    entry = parts.keys[header.recipients.index(agency)]
    try:
        encrypted = unb64u(parts.ciphertext) + unb64u(parts.tag, size=_TAG_BYTES)
        iv = unb64u(parts.iv, size=_IV_BYTES)
        content_key = unwrap(entry, suite=header.suite, keys=keys)
        jws = AESGCM(content_key).decrypt(iv, encrypted, parts.protected.encode("ascii"))
    except ValueError as error:
        raise _malformed(error) from None
    except InvalidTag:
        raise IntegrityFailure("decryption-failed", "The content does not open with its key.") from None
    return Opened(sealed=sealed, jws=jws)


def verify(
    opened: Opened,
    *,
    sender: PublicKeys,
    agency: str,
    allowed: frozenset[Suite],
    at: datetime,
    skew_s: float,
) -> Verified:
    """Verify the originator's signatures and that both layers say the same, to us, now.

    The steps are in the order of docs/envelope.md; the first that fails gives the code: `suite-not-allowed`,
    `originator-mismatch`, `binding-mismatch`, `envelope-malformed`, `signature-missing`, `key-unknown`,
    `signature-invalid`, `recipient-mismatch`, `clock-skew`, `envelope-expired`.
    """
    header = opened.sealed.header
    if header.suite not in allowed:
        raise PeerFault("suite-not-allowed", f"Suite {header.suite.value} is not pinned for {sender.agency}.")
    if header.originator != sender.agency:
        raise IntegrityFailure(
            "originator-mismatch", f"The envelope names {header.originator}; expected {sender.agency}."
        )
    if opened.sealed.parts.bind != b64u(digest(opened.jws)):
        raise IntegrityFailure("binding-mismatch", "The header was not made for what is sealed under it.")
    try:
        checked = check_jws(read_jws(opened.jws, typ=SIGNED_TYPE), keys=sender, allowed=allowed)
        manifest, content, content_bytes = _read_payload(checked.payload, opened.sealed.parts.max_depth)
    except ValueError as error:
        raise _malformed(error) from None
    if checked.suite is not manifest.suite:
        raise IntegrityFailure("binding-mismatch", "The signatures are not of the manifest's suite.")
    _compare(header, manifest.header, agency=agency)
    content_digest = digest(content_bytes)
    if wrong := manifest.contradiction(content, content_digest):
        raise IntegrityFailure("binding-mismatch", wrong)
    _check_time(header, at=at, skew=timedelta(seconds=skew_s))
    return Verified(
        manifest=manifest,
        content=content,
        content_digest=content_digest,
        sealed=opened.sealed,
        signed_by=checked.kids,
    )


def read_again(opened: Opened) -> tuple[Manifest, Mapping[str, object]]:
    """Return the manifest and content of an envelope that was verified when it was admitted.

    Nothing is verified here: keys rotate and envelopes expire, what was admitted stays. Only for bytes from
    our own store. Raises PeerFault `envelope-malformed`.
    """
    try:
        payload = read_jws(opened.jws, typ=SIGNED_TYPE).payload
        manifest, content, _ = _read_payload(payload, opened.sealed.parts.max_depth)
    except ValueError as error:
        raise _malformed(error) from None
    return manifest, content


def _read_payload(payload: bytes, max_depth: int) -> tuple[Manifest, Mapping[str, object], bytes]:
    """Return the manifest, the content, and the content's bytes as they were signed."""
    document = members(parse_json(payload, max_depth=max_depth), frozenset({"content", "manifest"}))
    content = document["content"]
    # Quotes inside texts are escaped and a manifest has no such member: the last one ends the content.
    middle = payload.rfind(_PAYLOAD_MIDDLE)
    if not isinstance(content, dict) or not payload.startswith(_PAYLOAD_START) or middle < 0:
        raise ValueError("the payload is not a canonical object of content and manifest")
    return Manifest.load(document["manifest"]), content, payload[len(_PAYLOAD_START) : middle]


def _compare(outside: Header, signed: Header, *, agency: str) -> None:
    if signed.originator != outside.originator:
        raise IntegrityFailure("originator-mismatch", "The header names another originator than was signed.")
    if signed.recipients != outside.recipients or agency not in signed.recipients:
        raise IntegrityFailure("recipient-mismatch", "The envelope was signed for other recipients.")
    if signed != outside:
        outer, inner = outside.as_members(), signed.as_members()
        names = ", ".join(sorted(name for name in inner if inner[name] != outer[name]))
        raise IntegrityFailure("binding-mismatch", f"The header and the signed manifest differ in {names}.")


def _check_time(header: Header, *, at: datetime, skew: timedelta) -> None:
    if header.created_at > at + skew:
        raise PeerFault("clock-skew", "The envelope was made later than it is here now; check both clocks.")
    if header.expires_at < at - skew:
        raise PeerFault("envelope-expired", "The envelope's time to live has passed.")
