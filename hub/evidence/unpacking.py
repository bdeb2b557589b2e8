"""A bundle as the files that other tools read: JWS, JWE, C2SP checkpoints and proofs, RFC 3161 tokens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress

from hub.envelope import sealing
from hub.envelope.canonical import canonical, digest
from hub.envelope.encoding import b64u
from hub.errors import HubError
from hub.evidence.bundle import BUNDLE_MAX_BYTES, SignedBundle, read_bundle
from hub.evidence.parcel_parts import ParcelPart, Way


def unpack(raw: bytes) -> Mapping[str, bytes]:
    """Return the files of a bundle by name; nothing of it is verified.

    Names are made of ids and numbers alone: nothing in a bundle says where it is written.
    """
    signed = read_bundle(raw)
    return dict(_files(signed))


def _files(signed: SignedBundle) -> Iterator[tuple[str, bytes]]:
    bundle = signed.bundle
    payload = canonical(bundle.as_document())
    yield "bundle.json", payload
    yield "bundle.jws", canonical({"payload": b64u(payload), "signatures": signed.signatures})
    for part in bundle.envelopes:
        if part.sealed is not None:
            yield f"envelope-{part.envelope_id}.jwe", part.sealed.encode()
            if part.content_key is not None:
                with suppress(HubError):
                    yield f"envelope-{part.envelope_id}.jws", _opened(part.sealed, part.content_key)
    for parcel in bundle.parcels:
        yield from _parcel(parcel)
    for content in bundle.contents:
        yield f"content-{content.version}.json", content.content.encode()
    for number, receipt in enumerate(bundle.receipts, start=1):
        yield f"receipt-{number:04}.jws", receipt.encode()
    for number, transfer in enumerate(bundle.transfers, start=1):
        yield f"transfer-{number:04}.jws", transfer.encode()
    for number, card in enumerate(bundle.cards, start=1):
        yield f"card-{number:04}.jws", card.card.encode()
    for part_ in bundle.trust:
        yield f"trust-{part_.kind.value}-{digest(part_.raw).hex()[:16]}", part_.raw
    for number, checkpoint in enumerate(bundle.checkpoints, start=1):
        yield f"checkpoint-{number:02}.note", checkpoint.note.encode()
        yield f"checkpoint-{number:02}", (checkpoint.note + checkpoint.cosignatures).encode()
        for stamp, token in enumerate(checkpoint.timestamps, start=1):
            yield f"checkpoint-{number:02}-{stamp}.tst", token
    for number, entry in enumerate(bundle.entries, start=1):
        closing = bundle.checkpoints[entry.checkpoint]
        yield f"entry-{number:05}.leaf", entry.leaf.encode()
        proof = entry.proof + closing.note + closing.cosignatures
        yield f"entry-{number:05}.tlog-proof", proof.encode()


def _parcel(parcel: ParcelPart) -> Iterator[tuple[str, bytes]]:
    """Yield a parcel's files. Ids that partners chose are no names of files: their digests are."""
    known = parcel.parcel_id if parcel.way is Way.SENT else digest(parcel.parcel_id.encode()).hex()[:32]
    name = f"parcel-{known}"
    if parcel.content is not None:
        yield name, parcel.content
    if parcel.content_key is not None:
        yield f"{name}.key", parcel.content_key
    if parcel.statement is not None:
        yield f"{name}.jws", parcel.statement.encode()
    if parcel.losses is not None:
        yield f"{name}.losses.json", canonical(parcel.losses)
    for number, receipt in enumerate(parcel.receipts, start=1):
        yield f"{name}.receipt-{number}", receipt


def _opened(text: str, content_key: bytes) -> bytes:
    sealed = sealing.peek(text.encode(), max_bytes=BUNDLE_MAX_BYTES)
    return sealing.open_with_key(sealed, content_key).jws
