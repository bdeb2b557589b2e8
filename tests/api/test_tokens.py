"""Tokens are ours, whole, in time, and of the right kind; anything else is no token."""

from __future__ import annotations

import base64
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwt
from joserfc.jwk import ECKey

from hub.api.scopes import narrowed, still_held
from hub.api.tokens import Grant, Tokens
from hub.errors import Refused
from tests.exchange.hubs import START

KEY = ec.generate_private_key(ec.SECP256R1())
ISSUER = "https://kz-knb.test:8443"


def tokens_of(
    key: ec.EllipticCurvePrivateKey, *before: ec.EllipticCurvePublicKey, issuer: str = ISSUER
) -> Tokens:
    return Tokens(lambda: key, lambda: (key.public_key(), *before), issuer=issuer)


TOKENS = tokens_of(KEY)
GRANT = Grant(subject="system:kz-mvd", scopes=frozenset({"submit:*"}), thumbprint="ab" * 32)


def issued(**changes: Any) -> str:
    return TOKENS.issue(GRANT, at=START, life_s=300)


def forged(claims: dict[str, Any], **header: str) -> str:
    told = {"alg": "ES256", "typ": "at+jwt"} | header
    return jwt.encode(told, claims, ECKey.import_key(KEY), algorithms=["ES256"])


def claims() -> dict[str, Any]:
    return dict(jwt.decode(issued(), ECKey.import_key(KEY), algorithms=["ES256"]).claims)


def refused(text: str, *, after_s: float = 0) -> None:
    with pytest.raises(Refused) as caught:
        TOKENS.read(text, at=START + timedelta(seconds=after_s))
    assert caught.value.code == "token-invalid"


def test_a_token_grants_what_it_was_issued_for() -> None:
    assert TOKENS.read(issued(), at=START + timedelta(seconds=299)) == GRANT


def test_a_token_says_how_it_is_bound() -> None:
    found = claims()
    assert set(found["cnf"]) == {"x5t#S256"}
    assert found["exp"] - found["iat"] == 300
    assert (found["iss"], found["aud"]) == (ISSUER, ISSUER)


def test_a_token_ends_with_its_life() -> None:
    refused(issued(), after_s=301)


def test_another_hubs_token_is_refused() -> None:
    other = tokens_of(ec.generate_private_key(ec.SECP256R1()))
    refused(other.issue(GRANT, at=START, life_s=300))
    refused(tokens_of(KEY, issuer="https://other.test").issue(GRANT, at=START, life_s=300))


def test_another_kind_of_token_is_refused() -> None:
    refused(forged(claims(), typ="JWT"))


@pytest.mark.parametrize("absent", ["iss", "aud", "sub", "exp", "scope", "epoch"])
def test_a_token_without_a_claim_is_refused(absent: str) -> None:
    told = claims()
    del told[absent]
    refused(forged(told))


def test_an_altered_token_is_refused() -> None:
    head, body, signature = issued().split(".")
    refused(f"{head}.{body[:-2]}AA.{signature}")
    refused(f"{head}.{body}.")


def test_the_algorithm_is_not_the_senders_choice() -> None:
    none = {"alg": "none", "typ": "at+jwt"}
    unsigned = ".".join(_b64(json.dumps(part).encode()) for part in (none, claims())) + "."
    refused(unsigned)
    head = (
        _b64(json.dumps({"alg": "HS256", "typ": "at+jwt"}).encode())
        + "."
        + _b64(json.dumps(claims()).encode())
    )
    public = ECKey.import_key(KEY).as_pem(private=False)
    refused(f"{head}.{_b64(hmac.digest(public, head.encode(), 'sha256'))}")


@pytest.mark.parametrize("text", ["", "a.b.c", "x" * 100_000, "ключ"])
def test_noise_is_no_token(text: str) -> None:
    refused(text)


def test_a_scope_is_held_by_itself_or_by_its_ways_star() -> None:
    held = ("collect:*", "submit:designation")
    assert narrowed("", held) == frozenset(held)
    assert narrowed("collect:travel-ban", held) == {"collect:travel-ban"}
    assert narrowed("submit:travel-ban", held) is None
    assert still_held({"collect:notice", "submit:notice"}, held) == {"collect:notice"}


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def test_a_token_of_the_key_before_counts_for_as_long_as_that_key_verifies() -> None:
    verifiers = [KEY.public_key()]
    current = [KEY]
    tokens = Tokens(lambda: current[0], lambda: verifiers, issuer=ISSUER)
    old = tokens.issue(GRANT, at=START, life_s=300)
    current[0] = ec.generate_private_key(ec.SECP256R1())
    verifiers.append(current[0].public_key())
    assert tokens.read(old, at=START) == GRANT
    assert tokens.read(tokens.issue(GRANT, at=START, life_s=300), at=START) == GRANT
    del verifiers[0]
    with pytest.raises(Refused, match="token-invalid"):
        tokens.read(old, at=START)
