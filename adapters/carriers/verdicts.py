"""Receipts of carriers that have no form of their own: what was said of which bytes, as canonical JSON.

They are not signed: whoever can write where the carrier moves parcels can write one. Partners whose carrier
signs (AS4, S/MIME) use its own form.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from adapters.contract import PartnerReceipt, Verdict
from adapters.reading import read_json
from hub.envelope.canonical import canonical
from hub.errors import HubError

_MAX_BYTES: Final = 16 * 1024


def write_verdict(parcel_id: str, parcel: bytes, verdict: Verdict) -> bytes:
    """Return the receipt's bytes; the same verdict on the same parcel always makes the same ones."""
    said: dict[str, object] = {
        "parcel": parcel_id,
        "sha256": sha256(parcel).hexdigest(),
        "verdict": "taken" if verdict.taken else "refused",
    }
    if verdict.code is not None:
        said |= {"code": verdict.code, "sentence": verdict.sentence}
    return canonical(said)


def is_other(parcel: bytes | None, pulled: bytes | None) -> bool:
    """Tell whether other bytes lie where a parcel of a SHA-256 was pulled: nobody has read them."""
    return parcel is not None and pulled is not None and sha256(parcel).digest() != pulled


def read_verdict(parcel_id: str, raw: bytes | None) -> PartnerReceipt | None:
    """Read what may be a receipt for a parcel; None for all that is not one."""
    if raw is None or len(raw) > _MAX_BYTES:
        return None
    try:
        said = read_json(raw, max_bytes=_MAX_BYTES)
    except HubError:
        return None
    if not isinstance(said, dict) or said.get("parcel") != parcel_id:
        return None
    verdict = _verdict(said)
    try:
        digest = bytes.fromhex(str(said.get("sha256")))
    except ValueError:
        return None
    if verdict is None or len(digest) != 32:
        return None
    return PartnerReceipt(parcel_id=parcel_id, verdict=verdict, raw=raw, digest=digest)


def _verdict(said: dict[str, object]) -> Verdict | None:
    if said.get("verdict") == "taken" and "code" not in said:
        return Verdict(taken=True)
    code, sentence = said.get("code"), said.get("sentence", "")
    if said.get("verdict") == "refused" and isinstance(code, str) and isinstance(sentence, str) and code:
        return Verdict(taken=False, code=code[:100], sentence=sentence[:1000])
    return None
