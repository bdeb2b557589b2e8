"""Agencies with fixed keys, for tests only: every key is derived from a name that stands in this file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    derive_private_key,
)
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey

from hub.envelope.canonical import canonical, digest
from hub.envelope.encoding import b64u
from hub.envelope.keys import DecryptionKeys, PublicKeys, SigningKeys, thumbprint, xwing_from_seed
from hub.envelope.manifest import Approval, Manifest
from hub.envelope.suites import Suite

NOW = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)
BOTH = frozenset(Suite)


def seed(agency: str, purpose: str) -> bytes:
    """Return the 32 bytes from which one test key is derived."""
    return sha256(f"test key, never use: {agency} {purpose}".encode()).digest()


def p256_key(agency: str, purpose: str) -> EllipticCurvePrivateKey:
    """Return a test key on P-256."""
    # The order of P-256 is so close to 2^256 that shifting a bit away is enough to stay below it.
    return derive_private_key((int.from_bytes(seed(agency, purpose), "big") >> 1) + 1, SECP256R1())


@dataclass(frozen=True)
class Agency:
    """One agency's three views of its keys."""

    name: str
    signing: SigningKeys
    decryption: DecryptionKeys
    public: PublicKeys


@cache
def agency(name: str) -> Agency:
    """Return an agency with its fixed keys."""
    es256, p256 = p256_key(name, "es256"), p256_key(name, "p256")
    mldsa65 = MLDSA65PrivateKey.from_seed_bytes(seed(name, "mldsa65"))
    xwing, xwing_public = xwing_from_seed(seed(name, "xwing"))
    p256_kid, xwing_kid = thumbprint(p256.public_key()), thumbprint(xwing_public)
    signing = SigningKeys(es256=es256, mldsa65=mldsa65)
    return Agency(
        name=name,
        signing=signing,
        decryption=DecryptionKeys(p256={p256_kid: p256}, xwing={xwing_kid: xwing}),
        public=PublicKeys(
            agency=name,
            es256={signing.es256_kid: es256.public_key()},
            mldsa65={signing.mldsa65_kid: mldsa65.public_key()},
            p256={p256_kid: p256.public_key()},
            xwing={xwing_kid: xwing_public},
            encrypt_p256=p256_kid,
            encrypt_xwing=xwing_kid,
        ),
    )


def record(**changes: Any) -> dict[str, Any]:
    """Return a small document of the hubs' own dialect."""
    return {
        "id": "0195e9a0-0000-7000-8000-00000000000a",
        "version": 1,
        "kind": "assistance-request",
        "action": "new",
        "originator": "kz-knb",
        "created_at": "2026-03-31T11:59:00Z",
        "label": {"classification": "confidential", "handling": ["H1"], "tlp": "amber"},
        "purpose": "counter-terrorism",
        "conversation": "0195e9a0-0000-7000-8000-00000000000c",
        "language": "ru",
        "narrative": "Просим проверить по учётам. Сұрау салу. \u2028",
        "subjects": [],
        "attachments": [],
    } | changes


def manifest(content: dict[str, Any], **changes: Any) -> Manifest:
    """Return the manifest of a document, approved and addressed to `cis-atc` and `kg-gknb`."""
    fields: dict[str, Any] = {
        "envelope_id": "0195e9a0-0000-7000-8000-00000000000e",
        "originator": "kz-knb",
        "recipients": ("cis-atc", "kg-gknb"),
        "suite": Suite.CLASSIC_1,
        "created_at": NOW,
        "expires_at": NOW + timedelta(days=7),
        "priority": "routine",
        "conversation": content["conversation"],
        "purpose": content["purpose"],
        "label_digest": b64u(digest(canonical(content["label"]))),
        "record_id": content["id"],
        "version": content["version"],
        "kind": content["kind"],
        "action": content["action"],
        "in_reply_to": content.get("in_reply_to"),
        "approvals": (Approval(by="officer:second", at=NOW, digest=b64u(digest(canonical(content)))),),
    }
    return Manifest(**(fields | changes))
