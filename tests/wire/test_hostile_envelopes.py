"""Hostile envelopes over real mutual TLS: a code each, logged, nothing stored, others served at once."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.envelope import sealing
from hub.envelope.canonical import canonical
from hub.envelope.manifest import AttachmentSecret, encrypted_size
from hub.envelope.suites import Suite
from hub.exchange.partners import pair
from hub.federation.card import fingerprint
from tests.exchange.hubs import CUSTODIAN
from tests.wire.served import US, Peer, Served, served

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("wire")) as running:
        yield running


@pytest.fixture
def peer(hub: Served) -> Peer:
    return hub.peers["cis-atc"]


def refused(hub: Served, peer: Peer, raw: bytes, **told: Any) -> str:
    """Send one envelope that must be refused; return the code after checking what must always hold."""
    before, logged = hub.stored(), len(hub.codes())
    (outcome,) = peer.send(raw, **told)
    assert hub.stored() == before
    assert hub.codes()[logged:] == [outcome["code"]]
    assert hub.serves_others()
    return str(outcome["code"])


def parts_of(raw: bytes) -> dict[str, Any]:
    return dict(json.loads(raw))


def rewritten(raw: bytes, **header: object) -> bytes:
    """Return the envelope with members of its protected header changed; the ciphertext stays."""
    jwe = parts_of(raw)
    protected = json.loads(base64.urlsafe_b64decode(jwe["protected"] + "=="))
    text = json.dumps(protected | header, sort_keys=True, separators=(",", ":"))
    jwe["protected"] = base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()
    return json.dumps(jwe).encode()


def test_an_honest_envelope_is_accepted(hub: Served, peer: Peer) -> None:
    before = hub.stored()
    (outcome,) = peer.send(peer.seal())
    assert outcome["code"] is None
    assert outcome["receipt"]
    assert hub.stored() == (before[0] + 1, before[1])


def test_a_replay_gets_the_first_receipt_and_stores_nothing(hub: Served, peer: Peer) -> None:
    raw = peer.seal()
    (first,) = peer.send(raw)
    before = hub.stored()
    (again,) = peer.send(raw)
    assert again["receipt"] == first["receipt"]
    assert hub.stored() == before


def test_an_id_used_again_for_other_bytes_is_refused(hub: Served, peer: Peer) -> None:
    record = peer.record()
    manifest = peer.manifest(record)
    peer.send(peer.seal(record, envelope_id=manifest.envelope_id))
    other = peer.seal(peer.record(), envelope_id=manifest.envelope_id)
    assert refused(hub, peer, other) == "envelope-id-reused"


def test_the_same_envelope_twice_in_one_request_is_taken_once(hub: Served, peer: Peer) -> None:
    raw = peer.seal()
    before = hub.stored()
    first, second = peer.send(raw, raw)
    assert first["receipt"]
    assert second == first
    assert hub.stored()[0] == before[0] + 1


def test_a_partner_does_not_hand_over_anothers_envelope(hub: Served, peer: Peer) -> None:
    other = hub.peers["sco-rats"]
    assert refused(hub, peer, other.seal()) == "originator-mismatch"


def test_a_partner_does_not_sign_in_anothers_name(hub: Served, peer: Peer) -> None:
    record = peer.record() | {"originator": "sco-rats"}
    forged = peer.seal(record, originator="sco-rats")
    assert refused(hub, hub.peers["sco-rats"], forged) in ("signature-invalid", "key-unknown")


def test_a_truncated_envelope_is_refused(hub: Served, peer: Peer) -> None:
    assert refused(hub, peer, peer.seal()[:-40]) == "envelope-malformed"


def test_reordered_ciphertext_is_refused(hub: Served, peer: Peer) -> None:
    jwe = parts_of(peer.seal())
    half = len(jwe["ciphertext"]) // 8 * 4
    jwe["ciphertext"] = jwe["ciphertext"][half:] + jwe["ciphertext"][:half]
    assert refused(hub, peer, json.dumps(jwe).encode()) in ("decryption-failed", "envelope-malformed")


def test_an_oversized_envelope_is_refused(hub: Served, peer: Peer) -> None:
    big = json.dumps({"protected": "A" * (hub.hub.config.limits.envelope_max_bytes + 1)}).encode()
    assert refused(hub, peer, big) == "envelope-too-large"


def test_a_deeply_nested_envelope_is_refused(hub: Served, peer: Peer) -> None:
    assert refused(hub, peer, b'{"protected":' + b"[" * 5000 + b"]" * 5000 + b"}") == "envelope-malformed"


def test_an_unknown_suite_is_refused(hub: Served, peer: Peer) -> None:
    assert refused(hub, peer, rewritten(peer.seal(), suite="quantum-9")) == "suite-unknown"


def test_a_swapped_recipient_is_refused(hub: Served, peer: Peer) -> None:
    """Sealed to another: what we get is not for us, and we do not relay it."""
    record = peer.record()
    signed = sealing.sign(peer.manifest(record, recipients=("sco-rats",)), record, peer.hub.keyring.signing())
    raw = sealing.seal(signed, [hub.peers["sco-rats"].hub.keyring.public()]).raw
    assert refused(hub, peer, raw) == "relay-refused"
    assert refused(hub, peer, rewritten(raw, recipients=[US])) in ("key-unknown", "decryption-failed")


@pytest.mark.parametrize("kept", [slice(0), slice(1), slice(1, 2)], ids=["both", "the second", "the first"])
def test_a_stripped_signature_is_refused(hub: Served, peer: Peer, kept: slice) -> None:
    record = peer.record()
    signed = sealing.sign(peer.manifest(record), record, peer.hub.keyring.signing())
    jws = parts_of(signed.raw)
    assert len(jws["signatures"]) == 2
    less = canonical(jws | {"signatures": jws["signatures"][kept]})
    raw = sealing.seal(replace(signed, raw=less), [hub.hub.keyring.public()]).raw
    assert refused(hub, peer, raw) == "signature-missing"


def test_a_header_changed_on_the_way_is_refused(hub: Served, peer: Peer) -> None:
    assert refused(hub, peer, rewritten(peer.seal(), priority="flash")) == "decryption-failed"


@pytest.mark.parametrize(
    ("hours", "code"), [(+3, "clock-skew"), (-72, "envelope-expired")], ids=["ahead", "behind"]
)
def test_a_clock_hours_off_is_refused(hub: Served, peer: Peer, hours: int, code: str) -> None:
    at = datetime.now(UTC) + timedelta(hours=hours)
    raw = peer.seal(created_at=at, expires_at=at + timedelta(days=1))
    assert refused(hub, peer, raw) == code


def test_a_record_inside_that_does_not_fit_its_kind_is_refused(hub: Served, peer: Peer) -> None:
    record = dict(peer.record()) | {"details": {"unheard-of": 1}}
    assert refused(hub, peer, peer.seal(record)) == "record-invalid"


def test_a_record_that_no_agreement_allows_is_refused(hub: Served, peer: Peer) -> None:
    assert refused(hub, peer, peer.seal(peer.record(language="de"))) == "policy-denied"


def test_a_version_that_came_before_is_refused_with_other_content(hub: Served, peer: Peer) -> None:
    record = peer.record()
    peer.send(peer.seal(record))
    assert refused(hub, peer, peer.seal(dict(record) | {"narrative": "Quite another story"})) == "conflict"


def test_the_same_version_sealed_anew_is_accepted_and_stored_once(hub: Served, peer: Peer) -> None:
    record = peer.record()
    peer.send(peer.seal(record))
    before = hub.stored()
    (outcome,) = peer.send(peer.seal(record))
    assert outcome["code"] is None
    assert outcome["receipt"]
    assert hub.stored() == before


def test_a_record_id_of_another_originator_takes_nothing_over(hub: Served, peer: Peer) -> None:
    other = hub.peers["sco-rats"]
    theirs = other.record()
    other.send(other.seal(theirs))
    (outcome,) = peer.send(peer.seal(peer.record(id=theirs["id"])))
    assert outcome["code"] is None
    recall = dict(theirs) | {"version": 2, "action": "withdrawal", "details": {"reason": "not mine"}}
    assert refused(hub, peer, peer.seal(recall | {"originator": peer.agency}, originator="sco-rats")) in (
        "originator-mismatch",
        "signature-invalid",
        "key-unknown",
    )
    (again,) = other.send(other.seal(dict(theirs) | {"version": 2, "action": "correction"}))
    assert again["code"] is None


def test_an_attachment_that_has_not_come_asks_for_a_retry(hub: Served, peer: Peer) -> None:
    secret = AttachmentSecret(
        digest="ab" * 32,
        size_bytes=encrypted_size(10, 1024),
        plain_digest="cd" * 32,
        plain_bytes=10,
        chunk_bytes=1024,
        key=bytes(32),
    )
    assert refused(hub, peer, peer.seal(attachments=(secret,))) == "attachment-missing"


def test_a_classic_envelope_is_refused_where_only_the_hybrid_suite_is_pinned(tmp_path: Path) -> None:
    with served(tmp_path) as hub:
        peer = hub.peers["cis-atc"]
        card = peer.hub.card()
        pair(
            hub.hub.broker,
            CUSTODIAN,
            card,
            confirmed_fingerprint=fingerprint(card),
            suites={Suite.HYBRID_1},
        )
        assert refused(hub, peer, peer.seal(suite=Suite.CLASSIC_1)) == "suite-not-allowed"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "request-malformed"),
        (b'{"transfers": [', 400, "request-malformed"),
        (b'{"transfers": [], "transfers": []}', 400, "request-malformed"),
        (b"[" * 100_000, 400, "request-malformed"),
        (b'{"transfers": "no"}', 422, "request-invalid"),
        (b'{"transfers": [], "extra": 1}', 422, "request-invalid"),
    ],
    ids=["empty", "cut", "twice", "deep", "type", "unknown"],
)
def test_a_body_that_cannot_be_read_is_a_problem_document(
    hub: Served, peer: Peer, body: bytes, status: int, code: str
) -> None:
    before = hub.stored()
    answer = peer.post(body)
    assert (answer.status, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert answer.json()["code"] == code
    assert hub.stored() == before
    assert hub.serves_others()


def test_too_many_envelopes_in_a_request_are_refused(hub: Served, peer: Peer) -> None:
    transfers = [{"sealed": "x", "hops": []}] * (hub.hub.config.limits.batch_max_envelopes + 1)
    answer = peer.post(json.dumps({"transfers": transfers}).encode())
    assert answer.json()["code"] == "request-invalid"
    assert hub.serves_others()


def test_a_body_beyond_the_limit_is_refused_unread(hub: Served, peer: Peer) -> None:
    answer = peer.announce(hub.hub.config.limits.batch_max_bytes + 1)
    assert answer.split(b" ")[1] == b"413"
    assert hub.serves_others()


def test_a_receipt_for_what_was_never_sent_is_refused(hub: Served, peer: Peer) -> None:
    (outcome,) = peer.send(peer.seal())
    ours = outcome["receipt"]
    for raw, code in (("{}", "document-invalid"), (ours, "receipt-invalid")):
        answer = peer.post(json.dumps({"receipts": [raw]}).encode(), "/exchange/v1/receipts")
        assert [one["code"] for one in answer.json()["outcomes"]] == [code]
        assert hub.codes()[-1] == code


def test_the_log_holds_no_traceback_and_no_content(hub: Served, peer: Peer) -> None:
    peer.send(peer.seal(peer.record(narrative="unmistakable narrative")))
    log = (hub.hub.config.home / "serve.log").read_text()
    assert "Traceback" not in log
    assert "unmistakable" not in log
