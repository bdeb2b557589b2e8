"""The envelope's steps of the record's way: sign, seal; peek, open, verify.

Inside: JWS General JSON by the originator over the canonical manifest and content. Outside: JWE General
JSON with one entry for each recipient, in the order of the header's recipients. Received bytes are opened
as they came; nothing is ever written anew before it is checked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from hub.envelope.canonical import canonical, digest, read_unchecked
from hub.envelope.encoding import b64u, members, unb64u
from hub.envelope.header import HEADER_MEMBERS, Header
from hub.envelope.jwe import (
    KEY_MEMBERS,
    Jwe,
    content_key_of,
    decrypt,
    encrypt,
    read_jwe,
    refuse_other_algorithms,
    write_jwe,
)
from hub.envelope.jws import check_jws, read_jws, sign_jws
from hub.envelope.keys import DecryptionKeys, PublicKeys, SigningKeys
from hub.envelope.manifest import Manifest
from hub.envelope.suites import Suite
from hub.errors import IntegrityFailure, PeerFault

#: The types in the protected headers of the two layers.
SIGNED_TYPE: Final = "hub-record+json"
SEALED_TYPE: Final = "hub-envelope+json"

_DEFAULT_DEPTH: Final = 32
_PROTECTED: Final = HEADER_MEMBERS | {"bind", "enc", "typ"}
_SUITES: Final = {suite.value: suite for suite in Suite}


@dataclass(frozen=True, kw_only=True)
class Signed:
    """A manifest and the JWS bytes that state it together with its content."""

    manifest: Manifest
    raw: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Sealed:
    """One envelope's bytes and what they say on the outside, which nobody has verified yet.

    `digest` is the SHA-256 of the bytes; receipts name it. `content_key` is there where it was sealed here.
    """

    raw: bytes = field(repr=False)
    header: Header
    digest: bytes
    jwe: Jwe = field(repr=False, compare=False)
    content_key: bytes | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, kw_only=True)
class Opened:
    """The decrypted JWS: it came from someone who knew our key, which is anyone."""

    sealed: Sealed
    jws: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Verified:
    """A manifest and content that the originator signed, for us, in this envelope.

    `content_digest` is the SHA-256 of the canonical content. `signed_by` are the ids of the keys that signed.
    """

    manifest: Manifest
    content: Mapping[str, object] = field(repr=False)
    content_digest: bytes
    sealed: Sealed
    signed_by: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Stated:
    """A manifest and content that an originator signed, in whatever envelope."""

    manifest: Manifest
    content: Mapping[str, object] = field(repr=False)
    content_digest: bytes
    signed_by: tuple[str, ...]

    def refuse_contradiction(self) -> None:
        """Raise IntegrityFailure `binding-mismatch` unless manifest and content agree."""
        if wrong := self.manifest.contradiction(self.content, self.content_digest):
            raise IntegrityFailure("binding-mismatch", wrong)


def sign(
    manifest: Manifest,
    content: Mapping[str, object],
    keys: SigningKeys,
    *,
    content_bytes: bytes | None = None,
) -> Signed:
    """Sign a manifest and its content by every algorithm of the manifest's suite.

    `content_bytes` are the content's canonical bytes, from a caller that has them. Raises IntegrityFailure
    `binding-mismatch` when the manifest, or an approval in it, is for other content.
    """
    if content_bytes is None:
        content_bytes = canonical(content)
    if wrong := manifest.contradiction(content, digest(content_bytes)):
        raise IntegrityFailure("binding-mismatch", wrong)
    payload = _payload(content_bytes, canonical(manifest.as_document()))
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
    jwe, content_key = encrypt(
        signed.raw,
        header=header.as_members() | {"bind": b64u(digest(signed.raw)), "typ": SEALED_TYPE},
        suite=header.suite,
        recipients=[keys[agency] for agency in header.recipients],
    )
    raw = write_jwe(jwe)
    return Sealed(raw=raw, header=header, digest=digest(raw), jwe=jwe, content_key=content_key)


def peek(raw: bytes, *, max_bytes: int, max_depth: int = _DEFAULT_DEPTH) -> Sealed:
    """Take an envelope apart without opening it: all that a relay does. Nothing in it is trusted.

    Raises PeerFault `envelope-too-large`, `envelope-malformed` and `suite-unknown`.
    """
    if len(raw) > max_bytes:
        raise PeerFault(
            "envelope-too-large", f"The envelope has {len(raw)} bytes; at most {max_bytes} are taken."
        )
    try:
        jwe = read_jwe(raw, max_depth=max_depth)
        suite = _SUITES.get(str(jwe.header.get("suite")))
        if suite is None:
            raise PeerFault("suite-unknown", "The envelope is of a suite that is not known here.")
        protected = members(jwe.header, _PROTECTED, KEY_MEMBERS)
        if protected["typ"] != SEALED_TYPE:
            raise ValueError(f"typ is not {SEALED_TYPE}")
        refuse_other_algorithms(jwe, suite)
        header = Header.load(protected, suite=suite)
        if len(jwe.recipients) != len(header.recipients):
            raise ValueError("there is not one key for each recipient")
    except ValueError as error:
        raise _malformed(error) from None
    return Sealed(raw=raw, header=header, digest=digest(raw), jwe=jwe)


def _malformed(error: ValueError) -> PeerFault:
    return PeerFault("envelope-malformed", f"The envelope cannot be read: {error}.")


def open(sealed: Sealed, *, agency: str, keys: DecryptionKeys) -> Opened:
    """Decrypt an envelope for one of its recipients.

    Raises PeerFault `not-addressed-to-us`, `key-unknown` and `envelope-malformed`, IntegrityFailure
    `decryption-failed`.
    """
    return open_with_key(sealed, unwrap_key(sealed, agency=agency, keys=keys))


def unwrap_key(sealed: Sealed, *, agency: str, keys: DecryptionKeys) -> bytes:
    """Return the content key of an envelope as one of its recipients opens it; raises what `open` does.

    It opens this one envelope and nothing else: who is shown it can check what was sealed, and to what.
    """
    header = sealed.header
    if agency not in header.recipients:
        raise PeerFault("not-addressed-to-us", f"The envelope holds no key for {agency}.")
    try:
        return content_key_of(sealed.jwe, header.recipients.index(agency), suite=header.suite, keys=keys)
    except ValueError as error:
        raise _malformed(error) from None


def open_with_key(sealed: Sealed, content_key: bytes) -> Opened:
    """Decrypt an envelope with its content key.

    Raises PeerFault `envelope-malformed`, IntegrityFailure `decryption-failed`. That there is no second
    content under another key is shown by `bind`, which `verify` checks.
    """
    try:
        return Opened(sealed=sealed, jws=decrypt(sealed.jwe, content_key))
    except ValueError as error:
        raise _malformed(error) from None


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
    if opened.sealed.jwe.header["bind"] != b64u(digest(opened.jws)):
        raise IntegrityFailure("binding-mismatch", "The header was not made for what is sealed under it.")
    stated = verify_signed(opened.jws, sender=sender, allowed=allowed)
    manifest = stated.manifest
    _compare(header, manifest.header, agency=agency)
    stated.refuse_contradiction()
    _check_time(header, at=at, skew=timedelta(seconds=skew_s))
    return Verified(
        manifest=manifest,
        content=stated.content,
        content_digest=stated.content_digest,
        sealed=opened.sealed,
        signed_by=stated.signed_by,
    )


def verify_signed(jws: bytes, *, sender: PublicKeys, allowed: frozenset[Suite]) -> Stated:
    """Verify the originator's signatures over a manifest and a content, wherever they stand.

    To whom and until when they were sealed is not asked, nor yet whether they agree. Raises
    `suite-not-allowed`, `envelope-malformed`, `signature-missing`, `key-unknown`, `signature-invalid` and
    `binding-mismatch`.
    """
    try:
        checked = check_jws(read_jws(jws, typ=SIGNED_TYPE), keys=sender, allowed=allowed)
        manifest, content, content_bytes = _read_payload(checked.payload)
    except ValueError as error:
        raise _malformed(error) from None
    if checked.suite is not manifest.suite:
        raise IntegrityFailure("binding-mismatch", "The signatures are not of the manifest's suite.")
    return Stated(
        manifest=manifest,
        content=content,
        content_digest=digest(content_bytes),
        signed_by=checked.kids,
    )


def read_again(opened: Opened) -> tuple[Manifest, Mapping[str, object]]:
    """Return the manifest and content of an envelope that was verified when it was admitted.

    Nothing is verified here: keys rotate and envelopes expire, what was admitted stays. Only for bytes from
    our own store. Raises PeerFault `envelope-malformed`.
    """
    return read_signed(opened.jws)


def read_signed(jws: bytes) -> tuple[Manifest, Mapping[str, object]]:
    """Return the manifest and content of a JWS that was verified before; raises what `read_again` does."""
    try:
        payload = unb64u(read_jws(jws, typ=SIGNED_TYPE).payload)
        manifest, content, _ = _read_payload(payload)
    except ValueError as error:
        raise _malformed(error) from None
    return manifest, content


def _payload(content: bytes, manifest: bytes) -> bytes:
    """Return the canonical object of two members whose canonical bytes are given."""
    return b'{"content":%b,"manifest":%b}' % (content, manifest)


def _read_payload(payload: bytes) -> tuple[Manifest, Mapping[str, object], bytes]:
    """Return the manifest, the content, and the content's canonical bytes."""
    document = members(read_unchecked(payload), frozenset({"content", "manifest"}))
    content = document["content"]
    content_bytes = canonical(content)
    if not isinstance(content, dict) or payload != _payload(content_bytes, canonical(document["manifest"])):
        raise ValueError("the payload is not the canonical object of content and manifest")
    return Manifest.load(document["manifest"]), content, content_bytes


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
