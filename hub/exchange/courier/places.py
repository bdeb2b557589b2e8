"""Where what lies on a medium, and in the folder that a hub keeps for a partner's courier."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Final

from hub.envelope.canonical import canonical
from hub.envelope.documents import DOCUMENT_MAX_BYTES, peek_document
from hub.envelope.receipts import RECEIPT_TYPE
from hub.ports.medium import Medium

#: So many of the partner's receipts are confirmed to it, the newest; others come again, and are then.
_TAKEN_KEPT: Final = 20_000
_TAKEN: Final = "taken.json"


def bundles_of(sender: str, recipient: str) -> str:
    """Return the folder with one hub's bundles for another."""
    return f"{sender}/{recipient}/bundles"


def file_of(sender: str, recipient: str, digest: str) -> str:
    """Return the name of a file that a bundle lists."""
    return f"{sender}/{recipient}/files/{digest}"


def attachment_of(sender: str, recipient: str, digest: str) -> str:
    """Return the name of an attachment's ciphertext."""
    return f"{sender}/{recipient}/attachments/{digest}"


def receipt_id(raw: bytes) -> str:
    """Return the id of a receipt that was verified, or is ours."""
    return str(peek_document(raw, RECEIPT_TYPE)["receipt_id"])


def answers(kept: Medium) -> Sequence[bytes]:
    """Return our receipts for what a courier brought, that the partner has not confirmed."""
    found = [kept.read(f"answers/{name}", max_bytes=DOCUMENT_MAX_BYTES) for name in kept.names("answers")]
    return [raw for raw in found if raw is not None]


def keep_answers(kept: Medium, receipts: Iterable[bytes]) -> None:
    """Keep receipts until the partner confirms them. One that is lost comes again with its envelope."""
    for raw in receipts:
        kept.write(f"answers/{receipt_id(raw)}", raw)


def confirmed(kept: Medium, ids: Iterable[str]) -> None:
    """Let go of receipts that the partner has."""
    there = set(kept.names("answers"))
    for one in ids:
        if one in there:
            kept.remove(f"answers/{one}")


def taken(kept: Medium) -> Sequence[str]:
    """Return the ids of the partner's receipts that we have, for it to know."""
    raw = kept.read(_TAKEN, max_bytes=50 * _TAKEN_KEPT)
    return [] if raw is None else [str(one) for one in json.loads(raw)]


def keep_taken(kept: Medium, ids: Iterable[str]) -> None:
    """Note receipts of the partner that are durable here."""
    all_of_them = list(dict.fromkeys([*taken(kept), *ids]))[-_TAKEN_KEPT:]
    kept.write(_TAKEN, canonical(all_of_them))
