"""What a second officer signs with a key of their own: these bytes, under this label, to these agencies.

The statement is canonical JSON, signed as compact JWS (RFC 7515) by ES256. It goes to every recipient, and
none of them learns from it who the others are: it holds a salted digest of each, and a recipient is given the
salts of those alone that its envelope names.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from hub.envelope.canonical import canonical, digest, read_canonical
from hub.envelope.encoding import b64u, list_of, members, number_of, parse_json, text_of, time_of, unb64u
from hub.envelope.keys import key_from_point, thumbprint
from hub.records.ids import is_agency, is_id
from hub.records.times import as_text

APPROVAL_TYPE: Final = "hub-approval+jws"
#: The secret of a statement, from which the salt of each commitment derives.
SECRET_BYTES: Final = 32
#: More than any statement has: it names as many recipients as a record may have.
STATEMENT_MAX_BYTES: Final = 64 * 1024
_DIGEST_BYTES: Final = 32
_PROTECTED: Final = frozenset({"alg", "kid", "typ"})
_MEMBERS: Final = frozenset(
    {
        "agreements",
        "answers",
        "at",
        "by",
        "digest",
        "label_digest",
        "originator",
        "recipients",
        "record_id",
        "version",
    }
)


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One officer's decision. Digests are base64url of SHA-256; `recipients` and `answers` are commitments.

    `agreements` are the versions that it rests on, like `cis-1999/1`.
    """

    originator: str
    record_id: str
    version: int
    digest: str
    label_digest: str
    recipients: tuple[str, ...]
    answers: str
    agreements: tuple[str, ...]
    by: str
    at: datetime

    def __post_init__(self) -> None:
        if not (is_agency(self.originator) and is_id(self.record_id)) or self.version < 1:
            raise ValueError("an approval is of a version of an agency's record")
        if not 1 <= len(self.by) <= 128:
            raise ValueError("who approved is named in 1 to 128 characters")
        for one in (self.digest, self.label_digest, self.answers, *self.recipients):
            unb64u(one, size=_DIGEST_BYTES)
        if list(self.recipients) != sorted(set(self.recipients)) or not self.recipients:
            raise ValueError("an approval's recipients are sorted, each once, and there is one")

    @property
    def payload(self) -> bytes:
        """Return the bytes that are signed."""
        return canonical(
            {
                "agreements": list(self.agreements),
                "answers": self.answers,
                "at": as_text(self.at),
                "by": self.by,
                "digest": self.digest,
                "label_digest": self.label_digest,
                "originator": self.originator,
                "recipients": list(self.recipients),
                "record_id": self.record_id,
                "version": self.version,
            }
        )

    @classmethod
    def load(cls, payload: bytes) -> Statement:
        """Return the statement of its canonical bytes; raise ValueError."""
        if len(payload) > STATEMENT_MAX_BYTES:
            raise ValueError(f"an approval has more than {STATEMENT_MAX_BYTES} bytes")
        said = members(read_canonical(payload), _MEMBERS)
        return cls(
            originator=text_of(said, "originator"),
            record_id=text_of(said, "record_id"),
            version=number_of(said, "version"),
            digest=text_of(said, "digest"),
            label_digest=text_of(said, "label_digest"),
            recipients=_texts(said, "recipients"),
            answers=text_of(said, "answers"),
            agreements=_texts(said, "agreements"),
            by=text_of(said, "by"),
            at=time_of(said, "at"),
        )


def state(
    *,
    originator: str,
    record_id: str,
    version: int,
    content_digest: bytes,
    label: Mapping[str, object],
    recipients: Sequence[str],
    answers: Sequence[Mapping[str, object]],
    agreements: Sequence[str],
    by: str,
    at: datetime,
    secret: bytes,
) -> Statement:
    """Return what an officer is to sign; `secret` salts what not every reader of it may learn."""
    return Statement(
        originator=originator,
        record_id=record_id,
        version=version,
        digest=b64u(content_digest),
        label_digest=b64u(digest(canonical(label))),
        recipients=tuple(sorted(commitment(salt_of(secret, agency), agency) for agency in recipients)),
        answers=commitment(salt_of(secret, ""), [dict(one) for one in answers]),
        agreements=tuple(sorted(agreements)),
        by=by,
        at=at,
    )


def salt_of(secret: bytes, name: str) -> str:
    """Return the salt of one recipient, or under the empty name that of the answers."""
    if len(secret) != SECRET_BYTES:
        raise ValueError(f"a statement's secret has {SECRET_BYTES} bytes")
    return b64u(hmac.digest(secret, name.encode(), "sha256"))


def commitment(salt: str, value: object) -> str:
    """Return the salted digest of a value."""
    return b64u(digest(canonical([salt, value])))


@dataclass(frozen=True, kw_only=True)
class Signed:
    """A statement with its officer's signature, and the salts of the recipients that the reader may know."""

    jws: str
    key: Mapping[str, str] = field(hash=False)
    openings: tuple[tuple[str, str], ...]

    def as_document(self) -> dict[str, object]:
        """Return it as JSON holds it."""
        return {"jws": self.jws, "key": dict(self.key), "openings": dict(self.openings)}

    @classmethod
    def load(cls, value: object) -> Signed:
        """Return it from a JSON object; raise ValueError. Nothing is verified."""
        said = members(value, frozenset({"jws", "key", "openings"}))
        openings = said["openings"]
        if not isinstance(openings, dict) or not all(isinstance(one, str) for one in openings.values()):
            raise ValueError("an approval's openings are not salts by agency")
        key = members(said["key"], frozenset({"crv", "kty", "x", "y"}))
        return cls(
            jws=text_of(said, "jws"),
            key={name: text_of(key, name) for name in sorted(key)},
            openings=tuple(sorted(openings.items())),
        )

    @property
    def kid(self) -> str:
        """Return the id of the key: the thumbprint of its JWK (RFC 7638)."""
        return thumbprint(self.public)

    @property
    def public(self) -> EllipticCurvePublicKey:
        """Return the officer's public key; raise ValueError."""
        return key_of_jwk(self.key)


def key_of_jwk(said: Mapping[str, object]) -> EllipticCurvePublicKey:
    """Return the P-256 key of a JWK; raise ValueError."""
    if said.get("kty") != "EC" or said.get("crv") != "P-256":
        raise ValueError("an officer's key is on P-256")
    return key_from_point(said.get("x"), said.get("y"))


def sign(statement: Statement, key: EllipticCurvePrivateKey) -> str:
    """Return the compact JWS of a statement."""
    header = {"alg": "ES256", "kid": thumbprint(key.public_key()), "typ": APPROVAL_TYPE}
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return jws.serialize_compact(header, statement.payload, ECKey.import_key(pem), algorithms=["ES256"])


def attach(detached: str, payload: bytes) -> str:
    """Put the payload back into a JWS that came without it (RFC 7515 appendix F); raise ValueError."""
    parts = detached.split(".")
    if len(parts) != 3 or parts[1]:
        raise ValueError("a detached signature is two texts with two dots between them")
    return f"{parts[0]}.{b64u(payload)}.{parts[2]}"


def verify(signed: str, key: Mapping[str, str]) -> Statement:
    """Return the statement that a key signed; raise ValueError. Whose key it is, is not looked at."""
    return _verify(signed, tuple(sorted(key.items())))


@lru_cache(maxsize=64)
def _verify(signed: str, key: tuple[tuple[str, str], ...]) -> Statement:
    """Verify once what several envelopes of one record carry."""
    if len(signed) > 2 * STATEMENT_MAX_BYTES:
        raise ValueError("an approval is too long")
    public = key_of_jwk(dict(key))
    header = members(parse_json(unb64u(signed.split(".", 1)[0])), _PROTECTED)
    if (header["alg"], header["typ"]) != ("ES256", APPROVAL_TYPE):
        raise ValueError(f"an approval is signed by ES256 as {APPROVAL_TYPE}")
    if header["kid"] != thumbprint(public):
        raise ValueError("an approval names another key than it was signed by")
    try:
        found: Any = jws.deserialize_compact(signed, ECKey.import_key(public), algorithms=["ES256"])
    except (JoseError, ValueError):
        raise ValueError("an approval's signature does not verify") from None
    return Statement.load(found.payload)


def _texts(said: Mapping[str, object], name: str) -> tuple[str, ...]:
    found = list_of(said, name)
    if not all(isinstance(one, str) for one in found):
        raise ValueError(f"{name} is not a list of texts")
    return tuple(str(one) for one in found)
