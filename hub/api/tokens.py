"""Access tokens: ES256 JWTs (RFC 9068) of minutes, bound to a client certificate (RFC 8705)."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from hub.errors import Refused
from hub.records.ids import new_id

_ALGORITHMS: Final = ["ES256"]
_TYPE: Final = "at+jwt"
_TOKENS_KEPT: Final = 1024


@dataclass(frozen=True, kw_only=True)
class Grant:
    """What a token says: who (`officer:NAME` or `system:AGENCY`), what for, and with which certificate.

    `thumbprint` is the SHA-256 of the certificate's DER in lowercase hex; without one it is for any bearer.
    `epoch` is that of the officer's account when the session began.
    """

    subject: str
    scopes: frozenset[str]
    thumbprint: str | None
    epoch: int = 0


class _HeldKey(ECKey):
    """A private key whose JWK is that of its public half: one that lives in a token has no other."""

    @property
    def dict_value(self) -> dict[str, str | list[str]]:
        """Return the members of the public JWK."""
        if not self._dict_value:
            self._dict_value = ECKey.import_key(self.public_key).dict_value
        return self._dict_value


class Tokens:
    """Issues the tokens of one hub with its present key, and reads those of every key that still counts.

    `key` and `verifiers` are asked each time, so that a key takes over, or ends, without a restart.
    """

    def __init__(
        self,
        key: Callable[[], ec.EllipticCurvePrivateKey],
        verifiers: Callable[[], Sequence[ec.EllipticCurvePublicKey]],
        *,
        issuer: str,
    ) -> None:
        self._key = key
        self._verifiers = verifiers
        self._issuer = issuer
        # A client shows the same token with each request of some minutes: its signature is verified once.
        self._decode = lru_cache(maxsize=_TOKENS_KEPT)(self._verified)

    def issue(self, grant: Grant, *, at: datetime, life_s: int) -> str:
        """Return a token that carries the grant for `life_s` seconds."""
        claims: dict[str, object] = {
            "iss": self._issuer,
            "aud": self._issuer,
            "sub": grant.subject,
            "client_id": grant.subject,
            "scope": " ".join(sorted(grant.scopes)),
            "iat": int(at.timestamp()),
            "exp": int((at + timedelta(seconds=life_s)).timestamp()),
            "jti": new_id(),
            "epoch": grant.epoch,
        }
        if grant.thumbprint is not None:
            claims["cnf"] = {"x5t#S256": _confirmation(grant.thumbprint)}
        private = self._key()
        key = _HeldKey(private, private)
        header = {"alg": "ES256", "typ": _TYPE, "kid": key.thumbprint()}
        return jwt.encode(header, claims, key, algorithms=_ALGORITHMS)

    def read(self, text: str, *, at: datetime) -> Grant:
        """Return what a token of ours grants; raise Refused `token-invalid` for any other."""
        try:
            token, key = self._decode(text)
            if key not in self._verifiers():
                raise ValueError("its key does not count any more")
            _registry(self._issuer, at).validate(token.claims)
        except (JoseError, ValueError):
            raise Refused(
                "token-invalid", "The access token is not one of this hub, or has expired."
            ) from None
        if token.header.get("typ") != _TYPE:
            raise Refused("token-invalid", "What was shown as access token is another kind of token.")
        confirmation = token.claims.get("cnf")
        return Grant(
            subject=token.claims["sub"],
            scopes=frozenset(token.claims["scope"].split()),
            thumbprint=_thumbprint(confirmation["x5t#S256"]) if confirmation else None,
            epoch=token.claims["epoch"],
        )

    def _verified(self, text: str) -> tuple[jwt.Token, ec.EllipticCurvePublicKey]:
        """Return a token with the key that verified it."""
        for key in self._verifiers():
            try:
                return jwt.decode(text, ECKey.import_key(key), algorithms=_ALGORITHMS), key
            except JoseError:
                continue
        raise ValueError("no key of this hub verifies it")


def _registry(issuer: str, at: datetime) -> jwt.JWTClaimsRegistry:
    return jwt.JWTClaimsRegistry(
        now=int(at.timestamp()),
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": issuer},
        sub={"essential": True},
        exp={"essential": True},
        scope={"essential": True, "allow_blank": True},
        epoch={"essential": True},
    )


def _confirmation(thumbprint: str) -> str:
    return base64.urlsafe_b64encode(bytes.fromhex(thumbprint)).rstrip(b"=").decode()


def _thumbprint(confirmation: str) -> str:
    return base64.urlsafe_b64decode(confirmation + "=").hex()
