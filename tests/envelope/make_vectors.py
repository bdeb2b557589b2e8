"""Write the test vectors of docs/envelope.md: `python -m tests.envelope.make_vectors`.

Keys and records are fixed; signatures, ephemeral keys and nonces are fresh, so each run writes other bytes
that mean the same. The committed files are what counts: tests/envelope/test_vectors.py runs those.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub.envelope.attachments import encrypt_chunks
from hub.envelope.canonical import canonical, digest
from hub.envelope.encoding import b64u, unb64u
from hub.envelope.jws import sign_jws
from hub.envelope.key_wrapping import unwrap
from hub.envelope.keys import jwk
from hub.envelope.manifest import AttachmentSecret
from hub.envelope.passing import as_object
from hub.envelope.receipts import RECEIPT_TYPE, Acknowledgement, Statement, issue
from hub.envelope.reconciliation import RECONCILIATION_TYPE
from hub.envelope.suites import Suite
from hub.envelope.transfers import TRANSFER_TYPE, Numbered, TransferStatement
from hub.records.lifecycle import ReceiptStatus
from hub.records.times import as_text
from tests.envelope import passage_vectors
from tests.envelope.agencies import BOTH, NOW, agency, manifest, p256_key, record, seed
from tests.envelope.cases import Case, all_cases
from tests.envelope.forging import changed, forge
from tests.envelope.test_reconciliation import WHOLE

FOLDER = Path(__file__).parent.parent / "vectors" / "envelope"
NAMES = ("kz-knb", "cis-atc", "kg-gknb", "sco-rats")
WARNING = "TEST KEYS. Everyone has them. Never trust or use them."


def keys() -> dict[str, Any]:
    """Return every agency's keys, the private ones as JWKs too."""
    return {"warning": WARNING, "agencies": {name: _keys(name) for name in NAMES}}


def _keys(name: str) -> dict[str, Any]:
    public = agency(name).public
    private = []
    for purpose in ("es256", "p256"):
        key = p256_key(name, purpose)
        scalar = key.private_numbers().private_value.to_bytes(32, "big")
        private.append({**jwk(key.public_key()), "d": b64u(scalar)})
    private.append({**jwk(next(iter(public.mldsa65.values()))), "priv": b64u(seed(name, "mldsa65"))})
    private.append({**jwk(next(iter(public.xwing.values()))), "priv": b64u(seed(name, "xwing"))})
    return {"jwks": public.as_jwks(), "private": private}


def _text(raw: bytes) -> dict[str, str]:
    """Return bytes as text where they are text, else as base64url."""
    try:
        return {"envelope": raw.decode("utf-8")}
    except UnicodeDecodeError:
        return {"envelope_base64url": b64u(raw)}


def _how(case: Case) -> dict[str, Any]:
    return {
        "reader": case.reader,
        "sender": case.sender,
        "suites": sorted(suite.value for suite in case.allowed),
        "at": as_text(case.at),
        "max_bytes": case.max_bytes,
        **_text(case.raw),
    }


def accepted() -> list[dict[str, Any]]:
    """Return envelopes that verify, with what they hold."""
    secret = AttachmentSecret(
        digest="a" * 64,
        size_bytes=1025 + 2 * 16,
        plain_digest="b" * 64,
        plain_bytes=1025,
        chunk_bytes=1024,
        key=bytes(range(32)),
    )
    answer = record(
        kind="assistance-answer",
        in_reply_to="0195e9a0-0000-7000-8000-0000000000aa",
        details={"names": ["Ұлан \U00010330", "李"], "\U00010330": 1, "\uffee": 2, "count": 9007199254740991},
    )
    rich = manifest(
        answer, attachments=(secret,), priority="flash", created_at=NOW + timedelta(microseconds=5)
    )
    vectors: list[tuple[str, dict[str, Any]]] = [
        ("one recipient", {"recipients": ("cis-atc",)}),
        ("two recipients", {}),
        ("the second recipient", {}),
        ("every field", {"content": answer, "of": rich}),
        ("white space and another order outside", {"in_raw": _spaced}),
        ("header members of the one recipient in the protected header", {"recipients": ("cis-atc",)}),
        ("another dialect", {"content": {"type": "bundle"}, "of": manifest(record(), dialect="stix/2")}),
    ]
    made = []
    for suite in Suite:
        for name, changes in vectors:
            told = dict(changes)
            if "of" in told:
                told["of"] = replace(told["of"], suite=suite)
            raw = forge(suite=suite, **told)
            if name.startswith("header members"):
                raw = _all_protected(suite)
            case = Case(name=f"{suite.value}: {name}", code="", raw=raw)
            if name == "the second recipient":
                case = replace(case, reader="kg-gknb")
            content = told.get("content", record())
            made.append({"name": case.name, **_how(case), "content": content, "digest": digest(raw).hex()})
    return made


def _spaced(raw: bytes) -> bytes:
    return json.dumps(dict(reversed(json.loads(raw).items())), indent=1).encode()


def _all_protected(suite: Suite) -> bytes:
    """Return an envelope of one recipient whose `kid` and sender's half stand in the protected header."""
    # The recipient's half is made before the header is known, so the content is encrypted a second time.
    jwe = json.loads(forge(suite=suite, recipients=("cis-atc",)))
    entry = jwe["recipients"][0]
    flat = {"encrypted_key": entry["encrypted_key"], **entry["header"]}
    content_key = unwrap(flat, suite=suite, keys=agency("cis-atc").decryption)
    iv, encrypted = unb64u(jwe["iv"]), unb64u(jwe["ciphertext"]) + unb64u(jwe["tag"])
    plaintext = AESGCM(content_key).decrypt(iv, encrypted, jwe["protected"].encode())
    jwe["protected"] = b64u(changed(unb64u(jwe["protected"]), lambda header: header.update(entry["header"])))
    # Another nonce: the same one under the same key must never encrypt twice.
    iv = bytes([iv[0] ^ 1]) + iv[1:]
    encrypted = AESGCM(content_key).encrypt(iv, plaintext, jwe["protected"].encode())
    jwe |= {"iv": b64u(iv), "ciphertext": b64u(encrypted[:-16]), "tag": b64u(encrypted[-16:])}
    jwe["recipients"] = [{"encrypted_key": entry["encrypted_key"]}]
    return json.dumps(jwe, separators=(",", ":")).encode()


def rejected() -> list[dict[str, Any]]:
    """Return envelopes that are refused, each with its code."""
    return [
        {"name": case.name, "group": group, "code": case.code, **_how(case)}
        for group, cases in all_cases().items()
        for case in cases
    ]


def receipts() -> dict[str, Any]:
    """Return receipts that verify and receipts that do not."""
    statement = Statement(
        receipt_id="0195e9a0-0000-7000-8000-0000000000f0",
        envelope_id="0195e9a0-0000-7000-8000-00000000000e",
        envelope_digest="ab" * 32,
        by="cis-atc",
        to="kz-knb",
        status=ReceiptStatus.ACCEPTED,
        at=NOW,
    )
    refusal = replace(
        statement, status=ReceiptStatus.REFUSED, reason="agreement-missing", sentence="Соглашения нет."
    )
    atc = agency("cis-atc").signing

    def signed(change: dict[str, object], **how: Any) -> bytes:
        told: dict[str, Any] = {"typ": RECEIPT_TYPE, "keys": atc, "suite": Suite.CLASSIC_1} | how
        return sign_jws(canonical(statement.as_document() | change), **told)

    def cut(jws: Any) -> None:
        jws["signatures"].pop()

    def wrong(jws: Any) -> None:
        jws["signatures"][0]["signature"] = "A" * 86

    told_on = replace(
        statement,
        status=ReceiptStatus.DELIVERED,
        member="sco-rats",
        passed=Acknowledgement(
            passage=statement.envelope_id,
            version=1,
            receipt=as_object(
                issue(replace(statement, by="sco-rats"), agency("sco-rats").signing, Suite.CLASSIC_1)
            ),
        ),
    )
    passed: dict[str, Any] = told_on.as_document()
    accept = [
        {
            "name": f"{suite.value}: {'passed on' if one.passed else one.status.value}",
            "by": "cis-atc",
            "suites": sorted(allowed.value for allowed in BOTH),
            "receipt": issue(one, atc, suite).decode(),
            "statement": one.as_document(),
        }
        for suite in Suite
        for one in (statement, refusal, told_on)
    ]
    hybrid, classic_only = issue(statement, atc, Suite.HYBRID_1), ["classic-1"]
    refused: list[tuple[str, str, bytes, list[str]]] = [
        ("not JSON", "receipt-invalid", b"receipt", []),
        ("a member too many", "receipt-invalid", signed({"more": 1}), []),
        ("in another's name", "receipt-invalid", signed({"by": "kg-gknb"}), []),
        ("a refusal without a reason", "receipt-invalid", signed({"status": "refused"}), []),
        ("an unknown status", "receipt-invalid", signed({"status": "lost"}), []),
        ("passed on to nobody", "receipt-invalid", signed(passed | {"member": None}), []),
        ("passed on, and only accepted", "receipt-invalid", signed(passed | {"status": "accepted"}), []),
        ("passed on without a receipt", "receipt-invalid", signed(passed | {"passed": _without(passed)}), []),
        ("another type", "receipt-invalid", signed({}, typ="hub-record+json"), []),
        ("another's key", "key-unknown", signed({}, keys=agency("kg-gknb").signing), []),
        ("no signature", "signature-missing", changed(signed({}), cut), []),
        ("stripped of ML-DSA-65", "signature-missing", changed(hybrid, cut), []),
        ("a wrong signature", "signature-invalid", changed(signed({}), wrong), []),
        ("a suite that is not pinned", "suite-not-allowed", hybrid, classic_only),
    ]
    reject = [
        {
            "name": name,
            "code": code,
            "by": "cis-atc",
            "suites": suites or sorted(suite.value for suite in BOTH),
            "receipt": raw.decode(),
        }
        for name, code, raw, suites in refused
    ]
    return {"accept": accept, "reject": reject}


def _without(passed: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in passed["passed"].items() if name != "receipt"}


def statements() -> dict[str, Any]:
    """Return transfer statements that verify and those that do not, all from cis-atc to kz-knb."""
    statement = TransferStatement(
        sender="cis-atc",
        recipient="kz-knb",
        issued_at=NOW,
        entries=(
            Numbered(number=7, envelope_id="0195e9a0-0000-7000-8000-00000000000e", digest="ab" * 32),
            Numbered(number=9, envelope_id="0195e9a0-0000-7000-8000-00000000000f", digest="cd" * 32),
        ),
    )
    atc, document = agency("cis-atc").signing, statement.as_document()
    first, second = statement.as_document()["entries"]  # type: ignore[misc]

    def signed(change: dict[str, object], **how: Any) -> bytes:
        told: dict[str, Any] = {"typ": TRANSFER_TYPE, "keys": atc, "suite": Suite.CLASSIC_1} | how
        return sign_jws(canonical(document | change), **told)

    def cut(jws: Any) -> None:
        jws["signatures"].pop()

    entries: dict[str, object] = {
        "no entry": [],
        "an entry of two": [first[:2]],
        "the number 0": [[0, *first[1:]]],
        "a number as a text": [["7", *first[1:]]],
        "a number beyond 2^53-1": [[2**53 - 1, *first[1:]], [2**53 - 1, *second[1:]]],
        "numbers that descend": [second, first],
        "a number twice": [first, [7, *second[1:]]],
        "an envelope twice": [first, [9, *first[1:]]],
        "a digest that is none": [[7, first[1], "ab"]],
        "an id that is none": [[7, "0195e9a0", first[2]]],
    }
    refused = {name: (signed({"entries": told}), "") for name, told in entries.items()} | {
        "not JSON": (b"statement", ""),
        "a member too many": (signed({"more": 1}), ""),
        "to another": (signed({"to": "kg-gknb"}), ""),
        "in another's name": (signed({"from": "kg-gknb"}), ""),
        "a time that is not in UTC": (signed({"issued_at": "2026-03-31T12:00:00+05:00"}), ""),
        "another type": (signed({}, typ="hub-receipt+json"), ""),
        "another's key": (signed({}, keys=agency("kg-gknb").signing), ""),
        "stripped of ML-DSA-65": (changed(signed({}, suite=Suite.HYBRID_1), cut), ""),
        "a suite that is not pinned": (signed({}, suite=Suite.HYBRID_1), "classic-1"),
    }
    both = sorted(suite.value for suite in BOTH)
    return {
        "by": "cis-atc",
        "to": "kz-knb",
        "accept": [
            {
                "name": suite.value,
                "suites": both,
                "statement": signed({}, suite=suite).decode(),
                "document": document,
            }
            for suite in Suite
        ],
        "reject": [
            {
                "name": name,
                "code": "statement-invalid",
                "suites": [only] if only else both,
                "statement": raw.decode(),
            }
            for name, (raw, only) in refused.items()
        ],
    }


def books() -> dict[str, Any]:
    """Return statements about books that verify and those that do not, all from kz-knb to cis-atc."""
    document = WHOLE.as_document()
    knb = agency("kz-knb").signing

    def signed(change: dict[str, object], **how: Any) -> str:
        told: dict[str, Any] = {"typ": RECONCILIATION_TYPE, "keys": knb, "suite": Suite.CLASSIC_1} | how
        return sign_jws(canonical(document | change), **told).decode()

    range_ = {"count": 0, "digest": "ab" * 32, "first": 5, "last": 4}
    row = [7, "0195e9a0-0000-7000-8000-00000000000e", "ab" * 32, "accepted", None]
    refused = {
        "a member too many": signed({"more": 1}),
        "to another": signed({"to": "kg-gknb"}),
        "in another's name": signed({"from": "kg-gknb"}),
        "another type": signed({}, typ=TRANSFER_TYPE),
        "a range that ends before it begins": signed({"sent": [range_]}),
        "a row outside of its range": signed({"sent": [range_ | {"last": 6, "rows": [row]}]}),
        "rows that descend": signed({"sent": [range_ | {"last": 9, "rows": [row, [6, *row[1:]]]}]}),
        "a row of four": signed({"sent": [range_ | {"last": 9, "rows": [row[:4]]}]}),
        "an unknown state": signed({"sent": [range_ | {"last": 9, "rows": [[*row[:3], "lost", None]]}]}),
        "65 ranges": signed({"sent": [range_ | {"last": 5}] * 65, "received": []}),
    }
    return {
        "by": "kz-knb",
        "to": "cis-atc",
        "accept": [
            {"name": suite.value, "statement": signed({}, suite=suite), "document": document}
            for suite in Suite
        ],
        "reject": [
            {"name": name, "code": "document-invalid", "statement": raw} for name, raw in refused.items()
        ],
    }


def attachments() -> dict[str, Any]:
    """Return encrypted attachments, whole and changed; chunks of 1024 bytes."""
    key, chunk_bytes = bytes(range(32)), 1024

    def encrypted(plain: bytes) -> bytes:
        return b"".join(encrypt_chunks([plain], key=key, chunk_bytes=chunk_bytes))

    sizes = {
        "empty": 0,
        "one byte": 1,
        "one full chunk": 1024,
        "a chunk and a byte": 1025,
        "two chunks": 2048,
    }
    whole = encrypted(bytes(2500))
    step = chunk_bytes + 16
    first, second, third = whole[:step], whole[step : 2 * step], whole[2 * step :]
    changes: dict[str, Callable[[], bytes]] = {
        "the last chunk cut off": lambda: first + second,
        "cut inside a chunk": lambda: whole[:1500],
        "everything cut off": lambda: b"",
        "two chunks exchanged": lambda: second + first + third,
        "a chunk left out": lambda: first + third,
        "the last chunk twice": lambda: whole + third,
        "a byte added": lambda: whole + b"\0",
        "a changed byte": lambda: bytes([whole[0] ^ 1]) + whole[1:],
    }
    return {
        "key": b64u(key),
        "chunk_bytes": chunk_bytes,
        "accept": [
            {"name": name, "plain": b64u(bytes(size)), "encrypted": b64u(encrypted(bytes(size)))}
            for name, size in sizes.items()
        ],
        "reject": [
            {"name": name, "code": "chunk-invalid", "encrypted": b64u(change())}
            for name, change in changes.items()
        ],
    }


def main(*names: str) -> None:
    """Write every file, or those that are named."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    files: dict[str, Any] = {
        "keys": keys(),
        "accept": accepted(),
        "reject": rejected(),
        "receipts": receipts(),
        "attachments": attachments(),
        "statements": statements(),
        "books": books(),
        "passages": passage_vectors.vectors(),
    }
    for name, value in files.items():
        if names and name not in names:
            continue
        text = json.dumps(value, ensure_ascii=True, indent=1) + "\n"
        (FOLDER / f"{name}.json").write_text(text, encoding="ascii")
        print(f"{name}.json: {len(text)} bytes")


if __name__ == "__main__":
    main(*sys.argv[1:])
