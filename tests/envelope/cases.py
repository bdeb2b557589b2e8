"""Every way in which an envelope is refused, with the code that says so."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from hub.envelope import open, peek, verify
from hub.envelope.canonical import canonical
from hub.envelope.encoding import b64u, unb64u
from hub.envelope.keys import SigningKeys
from hub.envelope.sealing import Verified
from hub.envelope.suites import Suite
from tests.envelope.agencies import BOTH, NOW, agency, manifest, record
from tests.envelope.forging import forge, in_header

MAX_BYTES = 64 * 1024
SKEW_S = 300.0
CLASSIC, HYBRID = Suite.CLASSIC_1, Suite.HYBRID_1


@dataclass(frozen=True, kw_only=True)
class Case:
    """One envelope, how it is read, and the code that it is refused with."""

    name: str
    code: str
    raw: bytes = field(repr=False)
    reader: str = "cis-atc"
    sender: str = "kz-knb"
    allowed: frozenset[Suite] = BOTH
    at: datetime = NOW
    max_bytes: int = MAX_BYTES


def read(
    raw: bytes,
    *,
    reader: str = "cis-atc",
    sender: str = "kz-knb",
    allowed: frozenset[Suite] = BOTH,
    at: datetime = NOW,
    max_bytes: int = MAX_BYTES,
) -> Verified:
    """Peek, open and verify, as a recipient does."""
    us = agency(reader)
    sealed = peek(raw, max_bytes=max_bytes)
    opened = open(sealed, agency=reader, keys=us.decryption)
    return verify(opened, sender=agency(sender).public, agency=reader, allowed=allowed, at=at, skew_s=SKEW_S)


def _flip(text: str, index: int = 0) -> str:
    return text[:index] + ("A" if text[index] != "A" else "B") + text[index + 1 :]


def _set(**members: object) -> Callable[[dict[str, Any]], None]:
    return lambda value: value.update(members)


def _entry(change: Callable[[dict[str, Any]], object], index: int = 0) -> Callable[[Any], None]:
    def apply(jwe: Any) -> None:
        change(jwe["recipients"][index])

    return apply


def _own(change: Callable[[dict[str, Any]], object]) -> Callable[[Any], None]:
    return _entry(lambda entry: change(entry["header"]))


def _protected(change: Callable[[Any], object]) -> Callable[[Any], object]:
    return in_header("protected", change)


def _signature(change: Callable[[dict[str, Any]], object], index: int = 0) -> Callable[[Any], None]:
    def apply(jws: Any) -> None:
        change(jws["signatures"][index])

    return apply


def _on_jwe(name: str, change: Callable[[Any], object], *, suite: Suite = CLASSIC) -> Case:
    return Case(name=name, code="envelope-malformed", raw=forge(suite=suite, in_jwe=change))


def _off_curve(jwk: dict[str, Any]) -> None:
    jwk["y"] = b64u(unb64u(jwk["y"])[:-1] + bytes([unb64u(jwk["y"])[-1] ^ 1]))


def _p384(header: dict[str, Any]) -> None:
    numbers = generate_private_key(SECP384R1()).public_key().public_numbers()
    x, y = (b64u(number.to_bytes(48, "big")) for number in (numbers.x, numbers.y))
    header["epk"] = {"crv": "P-384", "kty": "EC", "x": x, "y": y}


def _spare_bits(text: str) -> str:
    """Return another text that loose readers decode to the same bytes."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return text[:-1] + alphabet[alphabet.index(text[-1]) + 1]


def malformed_outside() -> list[Case]:
    """Return envelopes whose outer layer is not of the form."""
    raw = forge()

    def bytes_case(name: str, data: bytes) -> Case:
        return Case(name=name, code="envelope-malformed", raw=data)

    return [
        bytes_case("empty", b""),
        bytes_case("not JSON", b"\x30\x82\x01\x0a"),
        bytes_case("not UTF-8", raw.replace(b'"iv":"', b'"iv":"\xff')),
        bytes_case("truncated", raw[:-200]),
        bytes_case("something behind the end", raw + b"{}"),
        bytes_case("an array", b"[" + raw + b"]"),
        _on_jwe("nested too deep", _entry(lambda entry: entry["header"].update(epk=_deep(29)), index=1)),
        bytes_case("nested deeper than a reader's stack", b"[" * 20_000),
        bytes_case("the same member twice", raw.replace(b'{"ciphertext"', b'{"tag":"AA","ciphertext"', 1)),
        _on_jwe("a shared unprotected header", _set(unprotected={"alg": "dir"})),
        _on_jwe("additional authenticated data", _set(aad="AA")),
        _on_jwe("the flattened form", _set(encrypted_key="AA", header={})),
        _on_jwe("no tag", lambda jwe: jwe.pop("tag")),
        _on_jwe("a tag of 12 bytes", lambda jwe: jwe.update(tag=jwe["tag"][:16])),
        _on_jwe("an IV of 16 bytes", _set(iv="A" * 22)),
        _on_jwe("a ciphertext that is a number", _set(ciphertext=1)),
        _on_jwe("padded base64url", lambda jwe: jwe.update(tag=jwe["tag"] + "==")),
        _on_jwe("white space in base64url", lambda jwe: jwe.update(iv=jwe["iv"][:8] + "\n" + jwe["iv"][8:])),
        _on_jwe("the alphabet of plain Base64", lambda jwe: jwe.update(iv="+" + jwe["iv"][1:])),
        bytes_case(
            "a ciphertext that is not ASCII", raw.replace(b'"ciphertext":"', '"ciphertext":"é'.encode())
        ),
        bytes_case("a key id that is not ASCII", raw.replace(b'"kid":"', '"kid":"é'.encode())),
        _on_jwe("spare bits that are not zero", lambda jwe: jwe.update(tag=_spare_bits(jwe["tag"]))),
        *(
            _on_jwe(f"{name} in the protected header", _protected(_set(**{name: value})))
            for name, value in {
                "crit": ["exp"],
                "zip": "DEF",
                "jku": "https://example.org/keys",
                "jwk": {"kty": "EC"},
                "x5u": "https://example.org/certificate",
                "apu": "AA",
                "surprise": 1,
            }.items()
        ),
        _on_jwe("crit at a recipient", _own(_set(crit=["exp"]))),
        _on_jwe("jku at a recipient", _own(_set(jku="https://example.org/keys"))),
        _on_jwe("alg in both headers", _own(_set(alg="ECDH-ES+A256KW"))),
        _on_jwe("another content encryption", _protected(_set(enc="A128GCM"))),
        _on_jwe("a weaker key encryption", _protected(_set(alg="ECDH-ES+A128KW"))),
        _on_jwe("direct encryption", _protected(_set(alg="dir"))),
        _on_jwe("an algorithm of the other suite", _protected(_set(alg="HPKE-9-KE"))),
        _on_jwe("the other suite's name only", _protected(_set(suite="hybrid-1"))),
        _on_jwe("another type", _protected(_set(typ="hub-receipt+json"))),
        _on_jwe("no bind", _protected(lambda header: header.pop("bind"))),
        _on_jwe("an id that is not a UUIDv7", _protected(_set(envelope_id="1"))),
        _on_jwe("an originator that is no agency", _protected(_set(originator="КНБ"))),
        _on_jwe("recipients that are numbers", _protected(_set(recipients=[1, 2]))),
        _on_jwe("no recipients", _all(_protected(_set(recipients=[])), _set(recipients=[]))),
        _on_jwe("a recipient twice", _protected(_set(recipients=["cis-atc", "cis-atc"]))),
        _on_jwe("recipients out of order", _protected(_set(recipients=["kg-gknb", "cis-atc"]))),
        _on_jwe("a recipient without a key", lambda jwe: jwe["recipients"].pop()),
        _on_jwe("a key too many", _protected(_set(recipients=["cis-atc"]))),
        _on_jwe("two recipients with one key", lambda jwe: jwe.update(recipients=[jwe["recipients"][0]] * 2)),
        _on_jwe("a time without a zone", _protected(_set(created_at="2026-03-31T12:00:00"))),
        _on_jwe("a time of another zone", _protected(_set(created_at="2026-03-31T17:00:00+05:00"))),
        _on_jwe("expired before it was made", _protected(_set(expires_at="2026-03-31T11:00:00Z"))),
        _on_jwe("an unknown priority", _protected(_set(priority="now"))),
        _on_jwe("an attachment of no size", _protected(_set(attachments=[_announced(0)]))),
        _on_jwe("an attachment of half a byte", _protected(_set(attachments=[_announced(0.5)]))),
        _on_jwe("an attachment of more than 2^53 bytes", _protected(_set(attachments=[_announced(2**53)]))),
        _on_jwe("an attachment twice", _protected(_set(attachments=[_announced(1)] * 2))),
        _on_jwe("no kid", _own(lambda header: header.pop("kid"))),
        _on_jwe("no epk", _own(lambda header: header.pop("epk"))),
        _on_jwe("an ephemeral key that is not on the curve", _own(lambda header: _off_curve(header["epk"]))),
        _on_jwe("an ephemeral key on another curve", _own(_p384)),
        _on_jwe("a private ephemeral key", _own(lambda header: header["epk"].update(d="AA"))),
        _on_jwe("a short coordinate", _own(lambda header: header["epk"].update(x="AA"))),
        _on_jwe("an encrypted key of another length", _entry(_set(encrypted_key="A" * 64))),
        _on_jwe("ek and epk", _own(_set(ek="AA"))),
        _on_jwe("a short encapsulated secret", _own(_set(ek="AA")), suite=HYBRID),
    ]


def _deep(levels: int) -> object:
    return [_deep(levels - 1)] if levels > 1 else []


def _all(*changes: Callable[[Any], object]) -> Callable[[Any], None]:
    def apply(value: Any) -> None:
        for change in changes:
            change(value)

    return apply


def _announced(size_bytes: object) -> dict[str, object]:
    return {"digest": "0" * 64, "size_bytes": size_bytes}


def malformed_inside() -> list[Case]:
    """Return envelopes that open and whose signed part is not of the form."""

    def case(name: str, **changes: Any) -> Case:
        return Case(name=f"signed: {name}", code="envelope-malformed", raw=forge(**changes))

    def another(jws: Any) -> None:
        jws["signatures"].append(jws["signatures"][0])

    return [
        case("an unprotected header", in_jws=_signature(_set(header={"kid": "other"}))),
        case("a member too many", in_jws=_set(surprise=1)),
        case("crit in the protected header", in_jws=_signature(_protected(_set(crit=["b64"], b64=False)))),
        case("jwk in the protected header", in_jws=_signature(_protected(_set(jwk={"kty": "EC"})))),
        case("alg none", in_jws=_signature(_protected(_set(alg="none")))),
        case("alg HS256", in_jws=_signature(_protected(_set(alg="HS256")))),
        case("two signatures of one algorithm", in_jws=another),
        case(
            "signatures of two suites", suite=HYBRID, in_jws=_signature(_protected(_set(suite="classic-1")))
        ),
        case("an unknown suite", in_jws=_signature(_protected(_set(suite="classic-0")))),
        case("a signature too many", suite=CLASSIC, signed_as=HYBRID, in_jws=_relabel("classic-1")),
        case("a long protected header", in_jws=_signature(_protected(_set(kid="A" * 600)))),
        case("another type", typ="hub-receipt+json"),
        case(
            "a padded signature", in_jws=_signature(lambda one: one.update(signature=one["signature"] + "=="))
        ),
        case("not an object", in_payload=lambda _: b"[]"),
        case("no manifest", in_payload=lambda _: b'{"content":{}}'),
        case("a member beside content and manifest", in_payload=lambda data: data[:-1] + b',"more":1}'),
        case("white space", in_payload=lambda data: data.replace(b',"manifest":', b', "manifest":')),
        case(
            "a member twice",
            in_payload=lambda data: data.replace(b'{"action"', b'{"action":"new","action"', 1),
        ),
        case("members out of order", in_payload=_unsorted),
        case("an escape that is not needed", in_payload=lambda data: data.replace(b'"ru"', b'"\\u0072u"')),
        case("half a surrogate pair", in_payload=lambda data: data.replace(b'"ru"', b'"\\ud800"')),
        case("a float", in_payload=lambda data: data.replace(b'"version":1}', b'"version":1.5}', 1)),
        case("not a number", in_payload=lambda data: data.replace(b'"version":1}', b'"version":NaN}', 1)),
        case("a content that is not an object", in_payload=_content_list),
        case("a content nested too deep", in_payload=_nested),
        case("a manifest without a purpose", in_manifest=lambda document: document.pop("purpose")),
        case("a manifest with a member too many", in_manifest=_set(surprise=1)),
        case("an unknown suite in the manifest", in_manifest=_set(suite="classic-0")),
        case("a version that is true", in_manifest=_set(version=True)),
        case("a record_id that is not a UUIDv7", in_manifest=_set(record_id="1")),
        case("a purpose in capitals", in_manifest=_set(purpose="Any")),
        case("a dialect without a version", in_manifest=_set(dialect="stix")),
        case("a version of 0", in_manifest=_set(version=0)),
        case("a label digest that is short", in_manifest=_set(label_digest="AAAA")),
        case("an approval by nobody", in_manifest=_approval(by="")),
        case(
            "sizes of an attachment that do not fit", in_manifest=_set(attachments=[_secret(size_bytes=26)])
        ),
        case("chunks of a terabyte", in_manifest=_set(attachments=[_secret(chunk_bytes=2**40)])),
        case("a digest in capitals", in_manifest=_set(attachments=[_secret(digest="A" * 64)])),
        case("a short key of an attachment", in_manifest=_set(attachments=[_secret(key="AAAA")])),
    ]


def _relabel(suite: str) -> Callable[[Any], None]:
    def apply(jws: Any) -> None:
        for one in jws["signatures"]:
            _protected(_set(suite=suite))(one)

    return apply


def _unsorted(payload: bytes) -> bytes:
    document = json.loads(payload)
    return b'{"manifest":%b,"content":%b}' % (canonical(document["manifest"]), canonical(document["content"]))


def _content_list(payload: bytes) -> bytes:
    document = json.loads(payload)
    return canonical({"content": [document["content"]], "manifest": document["manifest"]})


def _nested(payload: bytes) -> bytes:
    return payload.replace(b'"subjects":[]', b'"subjects":%b%b' % (b"[" * 32, b"]" * 32))


def _approval(**members: object) -> Callable[[Any], None]:
    return lambda document: document["approvals"][0].update(members)


def _secret(**members: object) -> dict[str, object]:
    return {
        "chunk_bytes": 1024,
        "digest": "0" * 64,
        "key": "A" * 43,
        "plain_bytes": 9,
        "plain_digest": "1" * 64,
        "size_bytes": 25,
        **members,
    }


def _reversed(header: dict[str, Any]) -> None:
    items = list(reversed(header.items()))
    header.clear()
    header.update(items)


def _shortened(jwe: dict[str, Any]) -> None:
    jwe["ciphertext"] = b64u(unb64u(jwe["ciphertext"])[:-1])


def unopened() -> list[Case]:
    """Return envelopes that do not open."""

    def case(name: str, code: str, change: Callable[[Any], object], suite: Suite = CLASSIC) -> Case:
        return Case(name=name, code=code, raw=forge(suite=suite, in_jwe=change))

    failed = "decryption-failed"
    encrypted_key = _entry(lambda entry: entry.update(encrypted_key=_flip(entry["encrypted_key"])))

    def swap(jwe: Any) -> None:
        first, second = jwe["recipients"]
        first["encrypted_key"], second["encrypted_key"] = second["encrypted_key"], first["encrypted_key"]

    return [
        Case(name="too large", code="envelope-too-large", raw=forge(), max_bytes=1024),
        Case(name="an unknown suite", code="suite-unknown", raw=forge(in_protected={"suite": "classic-2"})),
        Case(
            name="an unknown suite with other algorithms",
            code="suite-unknown",
            raw=forge(in_jwe=_protected(_set(suite="classic-2", enc="A256CBC-HS512", more=1))),
        ),
        Case(
            name="no suite",
            code="suite-unknown",
            raw=forge(in_jwe=_protected(lambda header: header.pop("suite"))),
        ),
        Case(name="for others", code="not-addressed-to-us", raw=forge(), reader="sco-rats"),
        case("sealed to another key", "key-unknown", _own(_set(kid=agency("sco-rats").public.encrypt_p256))),
        Case(
            name="sealed to another's key",
            code="key-unknown",
            raw=forge(sealed_to=("sco-rats", "kg-gknb")),
        ),
        case("a changed ciphertext", failed, lambda jwe: jwe.update(ciphertext=_flip(jwe["ciphertext"]))),
        case("a shortened ciphertext", failed, _shortened),
        case("a changed tag", failed, lambda jwe: jwe.update(tag=_flip(jwe["tag"]))),
        case("a changed IV", failed, lambda jwe: jwe.update(iv=_flip(jwe["iv"]))),
        case("a changed header", failed, _protected(_set(priority="flash"))),
        case("a header spelled anew", failed, _protected(_reversed)),
        case("a changed encrypted key", failed, encrypted_key),
        case("another's encrypted key", failed, swap),
        case(
            "another ephemeral key",
            failed,
            lambda jwe: jwe["recipients"][0]["header"].update(epk=jwe["recipients"][1]["header"]["epk"]),
        ),
        case("a changed encrypted key of hybrid-1", failed, encrypted_key, HYBRID),
        case("a changed ML-KEM secret", failed, _own(lambda own: own.update(ek=_flip(own["ek"]))), HYBRID),
        case(
            "a changed X25519 secret", failed, _own(lambda own: own.update(ek=_flip(own["ek"], -2))), HYBRID
        ),
    ]


def unsigned() -> list[Case]:
    """Return envelopes that open and whose signatures do not hold."""
    knb, atc = agency("kz-knb").signing, agency("cis-atc").signing
    impostor = SigningKeys(es256=atc.es256, mldsa65=atc.mldsa65)
    object.__setattr__(impostor, "es256_kid", knb.es256_kid)
    object.__setattr__(impostor, "mldsa65_kid", knb.mldsa65_kid)

    def case(name: str, code: str, **changes: Any) -> Case:
        return Case(name=name, code=code, raw=forge(**changes))

    def payload(jws: Any) -> None:
        jws["payload"] = _flip(jws["payload"], 40)

    def as_der(one: dict[str, Any]) -> None:
        raw = unb64u(one["signature"])
        r, s = (int.from_bytes(half, "big") for half in (raw[:32], raw[32:]))
        one["signature"] = b64u(encode_dss_signature(r, s))

    return [
        Case(
            name="a suite that is not pinned",
            code="suite-not-allowed",
            raw=forge(),
            allowed=frozenset({HYBRID}),
        ),
        Case(
            name="hybrid-1 where only classic-1 is pinned",
            code="suite-not-allowed",
            raw=forge(suite=HYBRID),
            allowed=frozenset({CLASSIC}),
        ),
        case("no signature", "signature-missing", in_jws=_set(signatures=[])),
        case(
            "stripped of ML-DSA-65",
            "signature-missing",
            suite=HYBRID,
            in_jws=lambda jws: jws["signatures"].pop(),
        ),
        case(
            "stripped of ES256",
            "signature-missing",
            suite=HYBRID,
            in_jws=lambda jws: jws["signatures"].pop(0),
        ),
        case("signed by another", "key-unknown", signed_by=atc),
        case("signed by another under the originator's key id", "signature-invalid", signed_by=impostor),
        case("a changed payload", "signature-invalid", in_jws=payload),
        case("a signature in DER", "signature-invalid", in_jws=_signature(as_der)),
        case("a signature of zeros", "signature-invalid", in_jws=_signature(_set(signature="A" * 86))),
        case("an empty signature", "signature-invalid", in_jws=_signature(_set(signature=""))),
        case(
            "a changed ES256 signature of hybrid-1",
            "signature-invalid",
            suite=HYBRID,
            in_jws=_signature(lambda one: one.update(signature=_flip(one["signature"]))),
        ),
        case(
            "a changed ML-DSA-65 signature",
            "signature-invalid",
            suite=HYBRID,
            in_jws=_signature(lambda one: one.update(signature=_flip(one["signature"], 9)), 1),
        ),
        case(
            "a short ML-DSA-65 signature",
            "signature-invalid",
            suite=HYBRID,
            in_jws=_signature(_set(signature="AAAA"), 1),
        ),
        case(
            "a relabelled signature that was stripped",
            "signature-invalid",
            of=manifest(record(), suite=CLASSIC),
            signed_as=HYBRID,
            in_jws=_all(lambda jws: jws["signatures"].pop(), _relabel("classic-1")),
        ),
    ]


def unbound() -> list[Case]:
    """Return envelopes whose layers, or whose manifest and content, do not belong together."""

    def outside(name: str, code: str = "binding-mismatch", **members: object) -> Case:
        return Case(name=f"the header says another {name}", code=code, raw=forge(in_protected=members))

    def inside(name: str, change: Callable[[Any], object]) -> Case:
        return Case(
            name=f"the manifest says another {name}", code="binding-mismatch", raw=forge(in_manifest=change)
        )

    other_id = "0195e9a0-0000-7000-8000-0000000000ff"
    return [
        Case(name="a header made for another JWS", code="binding-mismatch", raw=forge(bind=b"another")),
        outside("envelope_id", envelope_id=other_id),
        outside("conversation", conversation=other_id),
        outside("priority", priority="flash"),
        outside("created_at", created_at="2026-03-31T11:59:59Z"),
        outside("expires_at", expires_at="2027-04-07T12:00:00Z"),
        outside("attachments", attachments=[_announced(1)]),
        outside("originator", "originator-mismatch", originator="sco-rats"),
        Case(
            name="from another than its originator",
            code="originator-mismatch",
            raw=forge(),
            sender="sco-rats",
        ),
        Case(
            name="passed off by a recipient as its own",
            code="originator-mismatch",
            raw=forge(in_protected={"originator": "kg-gknb"}, signed_by=agency("kg-gknb").signing),
            sender="kg-gknb",
        ),
        Case(
            name="sealed anew to one it was not signed for",
            code="recipient-mismatch",
            raw=forge(in_protected={"recipients": ["sco-rats"]}, sealed_to=("sco-rats",)),
            reader="sco-rats",
        ),
        Case(
            name="a recipient added",
            code="recipient-mismatch",
            raw=forge(
                in_protected={"recipients": ["cis-atc", "kg-gknb", "sco-rats"]},
                sealed_to=("cis-atc", "kg-gknb", "sco-rats"),
            ),
        ),
        Case(
            name="a recipient taken away",
            code="recipient-mismatch",
            raw=forge(in_protected={"recipients": ["cis-atc"]}, sealed_to=("cis-atc",)),
        ),
        Case(
            name="signed by classic-1 inside hybrid-1",
            code="binding-mismatch",
            raw=forge(suite=HYBRID, signed_as=CLASSIC),
        ),
        Case(
            name="the content says true where the manifest says 1",
            code="binding-mismatch",
            raw=forge(
                of=manifest(record(), approvals=()),
                in_payload=lambda data: data.replace(
                    b'"version":1},"manifest"', b'"version":true},"manifest"'
                ),
            ),
        ),
        inside("suite", _set(suite="hybrid-1")),
        inside("record_id", _set(record_id=other_id)),
        inside("version", _set(version=2)),
        inside("kind", _set(kind="designation")),
        inside("action", _set(action="withdrawal")),
        inside("purpose", _set(purpose="border-security")),
        inside("in_reply_to", _set(in_reply_to=other_id)),
        inside("label", _set(label_digest="A" * 43)),
        inside("content approved", _approval(digest="A" * 43)),
    ]


def untimely() -> list[Case]:
    """Return a good envelope read too early and too late."""
    late, early = NOW + timedelta(days=7, seconds=SKEW_S + 1), NOW - timedelta(seconds=SKEW_S + 1)
    return [
        Case(name="from the future", code="clock-skew", raw=forge(), at=early),
        Case(name="expired", code="envelope-expired", raw=forge(), at=late),
    ]


def all_cases() -> Mapping[str, list[Case]]:
    """Return every case, by group."""
    return {
        "malformed-outside": malformed_outside(),
        "malformed-inside": malformed_inside(),
        "unopened": unopened(),
        "unsigned": unsigned(),
        "unbound": unbound(),
        "untimely": untimely(),
    }
