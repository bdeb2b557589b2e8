"""JWS General JSON (RFC 7515 section 7.2.1) of one signer: one signature by each algorithm of the suite.

Every protected header names the suite, so whoever strips a signature leaves behind one that asks for it,
and the type of what is signed, so a receipt never passes for a card.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from hub.envelope.canonical import canonical
from hub.envelope.encoding import b64u_bytes, choice_of, list_of, members, parse_json, text_of, unb64u
from hub.envelope.keys import PublicKeys, SigningKeys
from hub.envelope.suites import Suite
from hub.errors import IntegrityFailure, PeerFault

_ES256: Final = ECDSA(SHA256())
_COORDINATE: Final = 32
_PROTECTED_MAX: Final = 512

_JWS: Final = frozenset({"payload", "signatures"})
_SIGNATURE: Final = frozenset({"protected", "signature"})
_PROTECTED: Final = frozenset({"alg", "kid", "suite", "typ"})


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A payload whose every signature was verified, and by which keys."""

    payload: bytes
    suite: Suite
    kids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Unchecked:
    """A JWS taken apart: nothing in it is trusted. `signatures` are (kid, signing input, signature)."""

    payload: str
    suite: Suite
    signatures: Mapping[str, tuple[str, bytes, bytes]]


def sign_jws(payload: bytes, *, typ: str, keys: SigningKeys, suite: Suite) -> bytes:
    """Return the JWS of a payload, signed by every algorithm of the suite."""
    encoded = b64u_bytes(payload)
    signatures = b",".join(
        _sign(algorithm, encoded, typ=typ, keys=keys, suite=suite) for algorithm in suite.signature_algorithms
    )
    return b'{"payload":"%b","signatures":[%b]}' % (encoded, signatures)


@lru_cache(maxsize=64)
def _protected(algorithm: str, kid: str, suite: Suite, typ: str) -> bytes:
    """Return a protected header; a hub writes the same few again and again."""
    return b64u_bytes(canonical({"alg": algorithm, "kid": kid, "suite": suite.value, "typ": typ}))


def _sign(algorithm: str, encoded: bytes, *, typ: str, keys: SigningKeys, suite: Suite) -> bytes:
    kid = keys.es256_kid if algorithm == "ES256" else keys.mldsa65_kid
    protected = _protected(algorithm, kid, suite, typ)
    signing_input = b"%b.%b" % (protected, encoded)
    if algorithm == "ES256":
        r, s = decode_dss_signature(keys.es256.sign(signing_input, _ES256))
        signature = r.to_bytes(_COORDINATE, "big") + s.to_bytes(_COORDINATE, "big")
    else:
        signature = keys.mldsa65.sign(signing_input)
    return b'{"protected":"%b","signature":"%b"}' % (protected, b64u_bytes(signature))


def read_jws(raw: bytes, *, typ: str) -> Unchecked:
    """Take a JWS apart; raise ValueError when it is not of the form that `sign_jws` makes.

    Raises IntegrityFailure `signature-missing` when an algorithm of its suite has not signed.
    """
    jws = members(parse_json(raw), _JWS)
    payload = text_of(jws, "payload")
    suites: set[Suite] = set()
    signatures: dict[str, tuple[str, bytes, bytes]] = {}
    for value in list_of(jws, "signatures"):
        entry = members(value, _SIGNATURE)
        protected = text_of(entry, "protected")
        if len(protected) > _PROTECTED_MAX:
            raise ValueError(f"a protected header has more than {_PROTECTED_MAX} characters")
        algorithm, kid, suite, stated = _read_protected(protected)
        if stated != typ:
            raise ValueError(f"a signature is not over a {typ}")
        if algorithm in signatures:
            raise ValueError("two signatures are of one algorithm")
        suites.add(suite)
        signing_input = f"{protected}.{payload}".encode("ascii", "replace")
        signatures[algorithm] = kid, signing_input, unb64u(entry["signature"])
    if not signatures:
        raise IntegrityFailure("signature-missing", f"The {typ} has no signature.")
    if len(suites) > 1:
        raise ValueError("the signatures are of two suites")
    suite = suites.pop()
    if signatures.keys() - set(suite.signature_algorithms):
        raise ValueError(f"a signature is by an algorithm that suite {suite.value} does not have")
    if missing := set(suite.signature_algorithms) - signatures.keys():
        raise IntegrityFailure(
            "signature-missing", f"Suite {suite.value} asks for a signature by {min(missing)}; there is none."
        )
    return Unchecked(payload=payload, suite=suite, signatures=signatures)


@lru_cache(maxsize=1024)
def _read_protected(text: str) -> tuple[str, str, Suite, str]:
    """Return algorithm, key id, suite and type; a partner sends the same few again and again."""
    header = members(parse_json(unb64u(text)), _PROTECTED)
    suite = choice_of(header, "suite", Suite)
    return text_of(header, "alg"), text_of(header, "kid"), suite, text_of(header, "typ")


def check_jws(jws: Unchecked, *, keys: PublicKeys, allowed: frozenset[Suite]) -> Checked:
    """Verify every signature of a JWS; the payload is decoded only then.

    Raises PeerFault `suite-not-allowed` and `key-unknown`, IntegrityFailure `signature-invalid`.
    """
    if jws.suite not in allowed:
        raise PeerFault(
            "suite-not-allowed",
            f"Suite {jws.suite.value} is not pinned for {keys.agency}; nothing was checked.",
        )
    for algorithm, (kid, signing_input, signature) in jws.signatures.items():
        _verify(algorithm, kid, signing_input, signature, keys)
    return Checked(
        payload=unb64u(jws.payload), suite=jws.suite, kids=tuple(kid for kid, _, _ in jws.signatures.values())
    )


def _verify(algorithm: str, kid: str, signing_input: bytes, signature: bytes, keys: PublicKeys) -> None:
    known = keys.es256 if algorithm == "ES256" else keys.mldsa65
    if kid not in known:
        raise PeerFault("key-unknown", f"{keys.agency} has no {algorithm} key of the id that signed.")
    try:
        if algorithm == "ES256":
            if len(signature) != 2 * _COORDINATE:
                raise InvalidSignature
            r, s = signature[:_COORDINATE], signature[_COORDINATE:]
            der = encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
            keys.es256[kid].verify(der, signing_input, _ES256)
        else:
            keys.mldsa65[kid].verify(signature, signing_input)
    except (InvalidSignature, ValueError):
        raise IntegrityFailure(
            "signature-invalid", f"The {algorithm} signature does not verify with {keys.agency}'s key."
        ) from None
