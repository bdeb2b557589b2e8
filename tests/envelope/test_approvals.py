"""What an officer signs: verified by the key alone, silent about other recipients, and about nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from hub.envelope import approvals
from hub.envelope.approvals import Signed, Statement
from hub.envelope.canonical import canonical
from hub.envelope.encoding import b64u, unb64u
from hub.envelope.keys import jwk, thumbprint
from hub.envelope.manifest import Approval, Manifest
from hub.envelope.suites import Suite

KEY = ec.generate_private_key(ec.SECP256R1())
OTHER = ec.generate_private_key(ec.SECP256R1())
AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
SECRET = b"s" * 32
RECORD = "019d4420-6b1c-7c3e-a5f4-2f1de6a9b710"
LABEL = {"classification": "secret"}


def statement(**changes: Any) -> Statement:
    told: dict[str, Any] = {
        "originator": "kz-knb",
        "record_id": RECORD,
        "version": 1,
        "content_digest": b"d" * 32,
        "label": LABEL,
        "recipients": ["cis-atc", "sco-rats"],
        "answers": [],
        "agreements": ["cis-1999/1"],
        "by": "officer:bolat",
        "at": AT,
        "secret": SECRET,
    }
    return approvals.state(**(told | changes))


def manifest(said: Statement, *recipients: str, signed: str | None = None, **changes: Any) -> Manifest:
    agencies = recipients or ("cis-atc",)
    openings = tuple((one, approvals.salt_of(SECRET, one)) for one in agencies)
    own = Signed(jws=signed or approvals.sign(said, KEY), key=jwk(KEY.public_key()), openings=openings)
    told: dict[str, Any] = {
        "envelope_id": RECORD,
        "originator": "kz-knb",
        "recipients": agencies,
        "suite": Suite.CLASSIC_1,
        "created_at": AT,
        "expires_at": AT + timedelta(days=7),
        "priority": "routine",
        "conversation": RECORD,
        "purpose": "search",
        "label_digest": said.label_digest,
        "record_id": RECORD,
        "version": 1,
        "kind": "notice",
        "action": "new",
        "approvals": (Approval(by=said.by, at=said.at, digest=said.digest, signed=own),),
    }
    return Manifest(**(told | changes))


def why_not(made: Manifest) -> str | None:
    (approval,) = made.approvals
    return approval.contradiction(made)


def test_a_signed_statement_is_verified_by_its_key_and_read_again() -> None:
    said = statement()
    assert approvals.verify(approvals.sign(said, KEY), jwk(KEY.public_key())) == said
    assert Statement.load(said.payload) == said


def test_a_detached_signature_is_put_together_with_what_was_signed() -> None:
    head, payload, signature = approvals.sign(statement(), KEY).split(".")
    assert approvals.attach(f"{head}..{signature}", unb64u(payload)) == f"{head}.{payload}.{signature}"
    for wrong in (f"{head}.{payload}.{signature}", head, f"{head}..{signature}.x"):
        with pytest.raises(ValueError, match="detached"):
            approvals.attach(wrong, unb64u(payload))


def _header(**changes: str) -> str:
    kid = thumbprint(KEY.public_key())
    head = {"alg": "ES256", "kid": kid, "typ": "hub-approval+jws"} | changes
    _, payload, signature = approvals.sign(statement(), KEY).split(".")
    return f"{b64u(canonical(head))}.{payload}.{signature}"


@pytest.mark.parametrize(
    "made",
    [
        lambda: approvals.sign(statement(), OTHER),
        lambda: _header(alg="none"),
        lambda: _header(typ="hub-card+jws"),
        lambda: _header(kid=thumbprint(OTHER.public_key())),
        lambda: _header(jku="https://example.test"),
        lambda: approvals.sign(statement(), KEY)[:-4] + "AAAA",
        lambda: "no.jws",
        lambda: "a" * 200_000,
    ],
)
def test_what_the_key_did_not_sign_as_an_approval_is_refused(made: Callable[[], str]) -> None:
    with pytest.raises(ValueError, match=r"approval|JSON|base64|member"):
        approvals.verify(made(), jwk(KEY.public_key()))


def test_the_statement_names_no_recipient_and_the_salt_opens_its_own_alone() -> None:
    said = statement()
    assert b"cis-atc" not in said.payload
    assert approvals.commitment(approvals.salt_of(SECRET, "cis-atc"), "cis-atc") in said.recipients
    assert approvals.commitment(approvals.salt_of(SECRET, "cis-atc"), "sco-rats") not in said.recipients


def test_a_manifest_carries_the_approval_and_reads_it_again() -> None:
    made = manifest(statement())
    assert why_not(made) is None
    assert Manifest.load(json.loads(canonical(made.as_document()))) == made


@pytest.mark.parametrize(
    "changes",
    [
        {"version": 2},
        {"label": {"classification": "restricted"}},
        {"content_digest": b"e" * 32},
        {"originator": "kz-mvd"},
        {"record_id": "019d4420-6b1c-7c3e-a5f4-2f1de6a9b711"},
        {"by": "officer:erlan"},
        {"recipients": ["sco-rats"]},
    ],
)
def test_an_approval_of_something_else_contradicts_the_manifest(changes: dict[str, Any]) -> None:
    told = manifest(statement())
    signed = approvals.sign(statement(**changes), KEY)
    assert why_not(manifest(statement(), signed=signed)) is not None
    assert why_not(told) is None


def test_nobody_whom_the_officer_did_not_name_is_added() -> None:
    assert "did not approve it for de-bka" in str(why_not(manifest(statement(), "cis-atc", "de-bka")))


def test_an_approval_without_a_salt_for_its_recipient_is_refused() -> None:
    made = manifest(statement())
    (approval,) = made.approvals
    assert approval.signed is not None
    bare = replace(approval, signed=replace(approval.signed, openings=()))
    assert bare.contradiction(made) is not None
