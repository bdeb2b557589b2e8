"""What the envelope's steps cost above the cryptography that they cannot do without.

The floor has two parts, measured in turn with the steps on the same sizes: the primitives (what signs,
agrees, wraps, encrypts and undoes it) and the format (JSON and base64url, twice each way, as JOSE asks). What
is above both is the checks of docs/envelope.md and Python between the calls.
"""

from __future__ import annotations

import json
import os
import sys
from argparse import ArgumentParser
from base64 import b64encode, urlsafe_b64decode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from time import perf_counter
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDH,
    ECDSA,
    SECP256R1,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM
from cryptography.hazmat.primitives.hpke import Suite as HpkeSuite
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap, aes_key_wrap
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hub.envelope import Suite, open, peek, seal, sign, verify
from hub.envelope.canonical import canonical, digest
from hub.envelope.encoding import b64u
from hub.envelope.keys import DecryptionKeys, PublicKeys, SigningKeys, thumbprint, xwing_from_seed
from hub.envelope.manifest import Approval, Manifest
from hub.records.ids import new_id

Step = Callable[[], object]
STEPS = ("sign", "seal", "open", "verify")


def best_us(steps: dict[str, Step], rounds: int, calls: int) -> dict[str, float]:
    """Return each step's best mean in microseconds; rounds take turns, as load comes and goes."""
    best = dict.fromkeys(steps, float("inf"))
    for _ in range(rounds):
        for name, step in steps.items():
            began = perf_counter()
            for _ in range(calls):
                step()
            best[name] = min(best[name], (perf_counter() - began) / calls * 1e6)
    return best


def a_record(size_bytes: int) -> dict[str, Any]:
    """Return a document of about the size, with the shape of a wanted person's record."""
    subject = {
        "type": "person",
        "names": [
            {"text": "Иванов Иван Иванович", "script": "Cyrl"},
            {"text": "Ivanov Ivan", "script": "Latn"},
        ],
        "birth": {"year": 1980, "month": 5},
        "documents": [{"type": "passport", "number": "N1234567", "country": "KZ"}],
    }
    document: dict[str, Any] = {
        "id": new_id(),
        "version": 1,
        "kind": "wanted-person",
        "action": "new",
        "originator": "kz-knb",
        "created_at": "2026-03-31T12:00:00Z",
        "label": {"classification": "confidential", "tlp": "amber", "handling": ["H1"]},
        "purpose": "counter-terrorism",
        "conversation": new_id(),
        "language": "ru",
        "subjects": [subject] * 4,
        "narrative": "",
        "attachments": [],
    }
    missing = size_bytes - len(canonical(document))
    return document | {"narrative": "Сообщаем об указанном лице. " * (missing // 48)}


def hub_steps(suite: Suite, content: dict[str, Any]) -> tuple[dict[str, Step], int]:
    """Return the room's own steps on one record for one recipient, and the size of the JWS."""
    es256, p256 = generate_private_key(SECP256R1()), generate_private_key(SECP256R1())
    mldsa65 = MLDSA65PrivateKey.generate()
    xwing, xwing_public = xwing_from_seed(os.urandom(32))
    signing = SigningKeys(es256=es256, mldsa65=mldsa65)
    p256_kid, xwing_kid = thumbprint(p256.public_key()), thumbprint(xwing_public)
    public = PublicKeys(
        agency="kz-knb",
        es256={signing.es256_kid: es256.public_key()},
        mldsa65={signing.mldsa65_kid: mldsa65.public_key()},
        p256={p256_kid: p256.public_key()},
        xwing={xwing_kid: xwing_public},
        encrypt_p256=p256_kid,
        encrypt_xwing=xwing_kid,
    )
    decryption = DecryptionKeys(p256={p256_kid: p256}, xwing={xwing_kid: xwing})
    at = datetime.now(UTC)
    manifest = Manifest(
        envelope_id=new_id(),
        originator="kz-knb",
        recipients=("kz-knb",),
        suite=suite,
        created_at=at,
        expires_at=at + timedelta(days=7),
        priority="routine",
        conversation=content["conversation"],
        purpose=content["purpose"],
        label_digest=b64u(digest(canonical(content["label"]))),
        record_id=content["id"],
        version=1,
        kind=content["kind"],
        action=content["action"],
        approvals=(Approval(by="officer:b", at=at, digest=b64u(digest(canonical(content)))),),
    )
    signed = sign(manifest, content, signing)
    sealed = seal(signed, [public])
    opened = open(sealed, agency="kz-knb", keys=decryption)
    allowed = frozenset({suite})

    def opening() -> object:
        received = peek(sealed.raw, max_bytes=len(sealed.raw))
        return open(received, agency="kz-knb", keys=decryption)

    return {
        "sign": lambda: sign(manifest, content, signing),
        "seal": lambda: seal(signed, [public]),
        "open": opening,
        "verify": lambda: verify(opened, sender=public, agency="kz-knb", allowed=allowed, at=at, skew_s=300),
    }, len(signed.raw)


def floor_steps(suite: Suite, jws_bytes: int) -> dict[str, Step]:
    """Return the bare primitives on data of the same size."""
    data = os.urandom(jws_bytes)
    content_key, iv = os.urandom(32), os.urandom(12)
    es256, mldsa65, curve = generate_private_key(SECP256R1()), MLDSA65PrivateKey.generate(), SECP256R1()
    ecdsa, ecdh, hybrid = ECDSA(SHA256()), ECDH(), suite is Suite.HYBRID_1
    signature, second = es256.sign(data, ecdsa), mldsa65.sign(data)
    verifier, second_verifier = es256.public_key(), mldsa65.public_key()
    hpke = HpkeSuite(KEM.MLKEM768_X25519, KDF.SHAKE256, AEAD.AES_256_GCM)
    xwing, xwing_public = xwing_from_seed(os.urandom(32))
    encapsulated = hpke.encrypt(content_key, xwing_public.hpke, b"info")
    p256 = generate_private_key(curve)
    recipient = p256.public_key()

    def key(shared: bytes) -> bytes:
        return ConcatKDFHash(SHA256(), 32, b"other info").derive(shared)

    def wrap() -> tuple[bytes, bytes]:
        ephemeral = generate_private_key(curve)
        sent = ephemeral.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return sent, aes_key_wrap(key(ephemeral.exchange(ecdh, recipient)), content_key)

    sent, wrapped = wrap()
    encrypted = AESGCM(content_key).encrypt(iv, data, b"header")

    def do_sign() -> None:
        es256.sign(data, ecdsa)
        if hybrid:
            mldsa65.sign(data)

    def do_seal() -> None:
        if hybrid:
            hpke.encrypt(content_key, xwing_public.hpke, b"info")
        else:
            wrap()
        AESGCM(content_key).encrypt(iv, data, b"header")

    def do_open() -> None:
        if hybrid:
            hpke.decrypt(encapsulated, xwing, b"info")
        else:
            ephemeral = EllipticCurvePublicKey.from_encoded_point(curve, sent)
            aes_key_unwrap(key(p256.exchange(ecdh, ephemeral)), wrapped)
        AESGCM(content_key).decrypt(iv, encrypted, b"header")

    def do_verify() -> None:
        verifier.verify(signature, data, ecdsa)
        if hybrid:
            second_verifier.verify(second, data)

    return {"sign": do_sign, "seal": do_seal, "open": do_open, "verify": do_verify}


def format_steps(content: dict[str, Any], jws_bytes: int) -> dict[str, Step]:
    """Return the JSON and base64url that JOSE asks for at the least, in the standard library's C code."""
    encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode
    payload = encode(content).encode()
    text = b64encode(payload)
    jws = os.urandom(jws_bytes)
    sealed = b64encode(jws)
    outer, inner = '{"ciphertext":"' + sealed.decode() + '"}', '{"payload":"' + text.decode() + '"}'
    return {
        "sign": lambda: b64encode(encode(content).encode()),
        "seal": lambda: (b64encode(jws), sha256(jws), sha256(sealed)),
        "open": lambda: (json.loads(outer), urlsafe_b64decode(sealed), sha256(sealed)),
        "verify": lambda: (json.loads(inner), urlsafe_b64decode(text), json.loads(payload), sha256(jws)),
    }


def measure(suite: Suite, *, size_bytes: int, rounds: int, calls: int) -> dict[str, Any]:
    """Return the cost of each step, of its primitives and of the format, in microseconds.

    `of_primitives` and `of_floor` are ratios of rates: 1.0 is as fast as the primitives alone, or as
    primitives and format together.
    """
    content = a_record(size_bytes)
    hub, jws_bytes = hub_steps(suite, content)
    groups = {
        "hub": hub,
        "primitives": floor_steps(suite, jws_bytes),
        "format": format_steps(content, jws_bytes),
    }
    steps = {f"{group} {name}": step for group, named in groups.items() for name, step in named.items()}
    best = best_us(steps, rounds, calls)
    costs = {name: [best[f"{group} {name}"] for group in groups] for name in STEPS}
    costs["all"] = [sum(column) for column in zip(*costs.values(), strict=True)]
    rows = {
        name: {
            "hub_us": round(ours, 1),
            "primitives_us": round(primitives, 1),
            "format_us": round(format_, 1),
            "of_primitives": round(primitives / ours, 2),
            "of_floor": round((primitives + format_) / ours, 2),
        }
        for name, (ours, primitives, format_) in costs.items()
    }
    return {"suite": suite.value, "record_bytes": size_bytes, "jws_bytes": jws_bytes, "steps": rows}


def main() -> None:
    """Measure both suites and print a table, or JSON."""
    parser = ArgumentParser(description=__doc__, epilog="example: python -m bench.envelope --json")
    parser.add_argument("--size", type=int, default=4096, help="bytes of the record (default 4096)")
    parser.add_argument("--rounds", type=int, default=200, help="rounds, of which the best counts")
    parser.add_argument("--calls", type=int, default=10, help="calls in a round")
    parser.add_argument("--json", action="store_true", help="print JSON")
    told = parser.parse_args()
    results = [measure(suite, size_bytes=told.size, rounds=told.rounds, calls=told.calls) for suite in Suite]
    if told.json:
        json.dump(results, sys.stdout, indent=2)
        print()
        return
    for result in results:
        print(f"{result['suite']}, record of {result['record_bytes']} bytes, one recipient")
        print("  " + "".join(f"{column:>14}" for column in ("step", *result["steps"]["all"])))
        for name, row in result["steps"].items():
            print("  " + "".join(f"{cell:>14}" for cell in (name, *row.values())))


if __name__ == "__main__":
    main()
