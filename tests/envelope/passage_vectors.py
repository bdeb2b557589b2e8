"""Passages that a recipient takes and passages that it refuses, from agencies with fixed keys.

kz-knb made the record and consented, cis-atc passes it on, kg-gknb reads it; sco-rats is a stranger to it.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey

from hub.envelope.keys import PublicKeys, SigningKeys
from hub.envelope.manifest import AttachmentSecret, encrypted_size
from hub.envelope.passing import as_object
from hub.envelope.sealing import sign
from hub.envelope.suites import Suite
from hub.records.kinds import Kind
from hub.records.record import load_record
from hub.records.template import template
from hub.records.times import as_text
from tests.envelope.agencies import NOW, agency, manifest, p256_key, seed

BY, PASSER, READER, OTHER = "kz-knb", "cis-atc", "kg-gknb", "sco-rats"
_RECORD: Final = "0195e9a0-0000-7000-8000-0000000000d1"
_CONSENT: Final = "0195e9a0-0000-7000-8000-0000000000d2"
_PASSAGE: Final = "0195e9a0-0000-7000-8000-0000000000d3"
_ON: Final = "2026-04-01"
_UNTIL: Final = "2026-12-31"

Change = dict[str, Any]


def _document(kind: Kind, record_id: str, **changes: Any) -> dict[str, Any]:
    told = template(kind) | {"id": record_id, "conversation": record_id, "created_at": "2026-03-31T11:59:00Z"}
    for name in ("review_on", "retain_until", "grading"):
        told.pop(name, None)
    return dict(load_record(told | {"originator": BY} | changes).document)


def record(**changes: Any) -> dict[str, Any]:
    """Return the record that is passed on."""
    return _document(Kind.SPONTANEOUS_INFORMATION, _RECORD, **changes)


def consent(**changes: Any) -> dict[str, Any]:
    """Return the consent to it; what `details` names differs from what is right."""
    details = {
        "record": {"id": _RECORD, "version": 1},
        "pass_to": [READER],
        "decision": "granted",
        "until": _UNTIL,
    } | changes.pop("details", {})
    told = {name: value for name, value in details.items() if value is not None}
    return _document(Kind.CONSENT, _CONSENT, in_reply_to=_PASSAGE, details=told, **changes)


def signed(content: dict[str, Any], **how: Any) -> dict[str, Any]:
    """Return a document as its originator signs it, for cis-atc; `keys`, `suite` and manifest as asked."""
    keys, suite = how.pop("keys", agency(BY).signing), how.pop("suite", Suite.CLASSIC_1)
    told = {"recipients": (PASSER,), "suite": suite, "originator": BY, **how}
    return as_object(sign(manifest(content, **told), content, keys).raw)


def withdrawal(**changes: Any) -> dict[str, Any]:
    """Return the recall of the record."""
    return record(
        version=2,
        action="withdrawal",
        narrative="A mistake.",
        subjects=[],
        details={"reason": "A mistake."},
        **changes,
    )


def passage(details: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a passage by cis-atc with these details."""
    told: Change = {"originator": PASSER, "narrative": "", "subjects": [], "details": details}
    return _document(Kind.PASSAGE, _PASSAGE, **(told | changes))


def named(version: int = 1, **changes: Any) -> dict[str, Any]:
    """Return how a passage names the record in it."""
    return {"originator": BY, "id": _RECORD, "version": version} | changes


def details(**changes: Any) -> dict[str, Any]:
    """Return the details of a passage that is right, but for what is changed."""
    return {"record": named(), "signed": signed(record()), "consent": signed(consent()), **changes}


def older() -> SigningKeys:
    """Return keys of the originator that were rotated away."""
    mldsa65 = MLDSA65PrivateKey.from_seed_bytes(seed(BY, "mldsa65 before"))
    return SigningKeys(es256=p256_key(BY, "es256 before"), mldsa65=mldsa65)


def before(*, until: Any, given_up: bool = False) -> dict[str, Any]:
    """Return the older keys as a reader keeps them: until when a card with them was pinned."""
    keys, now = older(), agency(BY).public
    public = PublicKeys(
        agency=BY,
        es256={**now.es256, keys.es256_kid: keys.es256.public_key()},
        mldsa65={**now.mldsa65, keys.mldsa65_kid: keys.mldsa65.public_key()},
        p256=now.p256,
        xwing=now.xwing,
        encrypt_p256=now.encrypt_p256,
        encrypt_xwing=now.encrypt_xwing,
    )
    kids = (keys.es256_kid, keys.mldsa65_kid)
    return {
        "jwks": public.as_jwks(),
        "until": {kid: as_text(until) for kid in kids},
        "given_up": list(kids[:1]) if given_up else [],
    }


SECRET: Final = AttachmentSecret(
    digest="a" * 64,
    size_bytes=encrypted_size(1025, 1024),
    plain_digest="b" * 64,
    plain_bytes=1025,
    chunk_bytes=1024,
    key=bytes(range(32)),
)
FILE: Final = {"digest": "b" * 64, "name": "photo.jpg", "media_type": "image/jpeg", "size_bytes": 1025}


def _tampered(part: dict[str, Any], change: Callable[[Any], None]) -> dict[str, Any]:
    told = deepcopy(part)
    change(told)
    return told


def _cut(jws: Any) -> None:
    jws["signatures"].pop()


def _wrong(jws: Any) -> None:
    jws["signatures"][0]["signature"] = "A" * 86


def _vector(name: str, told: dict[str, Any], **how: Any) -> dict[str, Any]:
    return {
        "name": name,
        "reader": READER,
        "by": BY,
        "suites": how.pop("suites", sorted(suite.value for suite in Suite)),
        "on": how.pop("on", _ON),
        "attachments": [one.as_document() for one in how.pop("attachments", ())],
        "passage": told,
        **how,
    }


def accepted() -> list[dict[str, Any]]:
    """Return passages that are taken, each with the record in it."""
    recall = {"reason": "A mistake.", "record": named(2), "signed": signed(withdrawal())}
    old = {"keys": older()}
    with_file = record(attachments=[FILE])
    made = [
        ("classic-1", passage(details()), record(), {}),
        (
            "hybrid-1",
            passage(
                details(
                    signed=signed(record(), suite=Suite.HYBRID_1),
                    consent=signed(consent(), suite=Suite.HYBRID_1),
                )
            ),
            record(),
            {},
        ),
        (
            "a withdrawal takes no consent",
            passage(recall, version=2, action="withdrawal", narrative="A mistake."),
            withdrawal(),
            {},
        ),
        (
            "with an attachment",
            passage(
                details(signed=signed(with_file, attachments=(SECRET,))),
                attachments=[FILE],
            ),
            with_file,
            {"attachments": (SECRET,)},
        ),
        (
            "signed by keys of before",
            passage(details(signed=signed(record(), **old), consent=signed(consent(), **old))),
            record(),
            {"before": before(until=NOW + timedelta(days=1))},
        ),
        (
            "a later version, after the consent's day",
            passage(
                details(record=named(2), signed=signed(record(version=2, action="correction"))),
                version=2,
                action="correction",
            ),
            record(version=2, action="correction"),
            {"on": None},
        ),
    ]
    return [{**_vector(name, told, **how), "record": content} for name, told, content, how in made]


def refused() -> list[dict[str, Any]]:
    """Return passages that are refused, each with its code."""
    right, old = details(), {"keys": older()}
    by_old = details(signed=signed(record(), **old), consent=signed(consent(), **old))
    other = record(id="0195e9a0-0000-7000-8000-0000000000d9")
    stranger = signed(record(), keys=agency(OTHER).signing)
    made: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
        ("stripped of ML-DSA-65", "signature-missing", _part(_hybrid(), _cut), {}),
        ("the record's signature is wrong", "signature-invalid", _part(right["signed"], _wrong), {}),
        (
            "the consent's signature is wrong",
            "signature-invalid",
            {"consent": _tampered(right["consent"], _wrong)},
            {},
        ),
        ("signed by another agency", "key-unknown", {"signed": stranger}, {}),
        ("signed by keys of before that are not known", "key-unknown", by_old, {}),
        (
            "signed by a key that was given up since",
            "key-given-up",
            by_old,
            {"before": before(until=NOW + timedelta(days=1), given_up=True)},
        ),
        (
            "dated later than its key was taken back",
            "key-not-in-force",
            by_old,
            {"before": before(until=NOW - timedelta(days=1))},
        ),
        ("in a suite that is not pinned", "suite-not-allowed", {}, {"suites": ["hybrid-1"]}),
        ("another record than it names", "passage-invalid", {"signed": signed(other)}, {}),
        ("another version than it names", "passage-invalid", {"record": named(2)}, {}),
        ("nobody released the record", "passage-invalid", {"signed": signed(record(), approvals=())}, {}),
        (
            "a consent in the place of the record",
            "passage-invalid",
            {"record": named(id=_CONSENT), "signed": right["consent"]},
            {},
        ),
        (
            "a withdrawal in a passage that is none",
            "passage-invalid",
            {"record": named(2), "signed": signed(withdrawal())},
            {},
        ),
        (
            "an attachment that did not come",
            "passage-invalid",
            {"signed": signed(record(attachments=[FILE]), attachments=(SECRET,))},
            {},
        ),
        ("an attachment that was not signed", "passage-invalid", {}, {"attachments": (SECRET,)}),
        (
            "an attachment that the record does not name",
            "binding-mismatch",
            {"signed": signed(record(), attachments=(SECRET,))},
            {"attachments": (SECRET,)},
        ),
        (
            "a record in another's name",
            "originator-mismatch",
            {
                "record": named(originator=BY),
                "signed": signed(record(originator=OTHER), originator=OTHER),
            },
            {},
        ),
        ("no consent, but the record again", "consent-mismatch", {"consent": right["signed"]}, {}),
        (
            "the consent was refused",
            "consent-mismatch",
            _consent(decision="refused", until=None, explained="No."),
            {},
        ),
        (
            "the consent is for another record",
            "consent-mismatch",
            _consent(record={"id": other["id"], "version": 1}),
            {},
        ),
        ("the consent names another agency", "consent-mismatch", _consent(pass_to=[OTHER]), {}),
        (
            "the consent was given to another hub",
            "consent-mismatch",
            {"consent": signed(consent(), recipients=(OTHER,))},
            {},
        ),
        ("the consent has ended", "consent-ended", {}, {"on": "2027-01-01"}),
    ]
    return [
        {**_vector(name, passage(right | change, **_named(how)), **how), "code": code}
        for name, code, change, how in made
    ]


def _named(how: dict[str, Any]) -> dict[str, Any]:
    return {"attachments": [FILE]} if how.get("attachments") else {}


def _hybrid() -> dict[str, Any]:
    return signed(record(), suite=Suite.HYBRID_1)


def _part(part: dict[str, Any], change: Callable[[Any], None]) -> dict[str, Any]:
    return {"signed": _tampered(part, change)}


def _consent(**changes: Any) -> dict[str, Any]:
    return {"consent": signed(consent(details=changes))}


def vectors() -> dict[str, Any]:
    """Return all of them, as the file holds them."""
    return {"accept": accepted(), "reject": refused()}
