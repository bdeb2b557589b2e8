"""Records that came in at a home from cis-atc, sealed for real, without a wire; and what goes to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hub.bootstrap.opening import open_hub
from hub.entries import RecordRow
from hub.exchange import agreements, attachments, correcting, drafting, partners, receiving, releasing
from hub.exchange.broker import Broker
from hub.federation.card import fingerprint
from hub.records.actor import Role
from tests.exchange.crafting import sealed_of, stated
from tests.exchange.hubs import AIGUL, BOLAT, CUSTODIAN, agreement_text, document, officer


def came(paired: Path, *, content: bytes | None = None, **changes: Any) -> RecordRow:
    """Release a record at cis-atc, with an attachment of this content, and receive it at kz-knb."""
    with open_hub(paired / "cis-atc") as theirs, open_hub(paired / "kz-knb") as ours:
        if not theirs.broker.standing().agreements:
            card = ours.card()
            partners.pair(theirs.broker, CUSTODIAN, card, confirmed_fingerprint=fingerprint(card))
            agreements.adopt(theirs.broker, CUSTODIAN, agreement_text(("kz-knb", "cis-atc")))
        told = dict(document(**changes))
        if content is not None:
            upload_id = attachments.announce(theirs.broker, AIGUL, size_bytes=len(content))
            done = attachments.upload(theirs.broker, AIGUL, upload_id, 0, [content])
            told["attachments"] = [
                {
                    "digest": done.digest,
                    "name": "photo.jpg",
                    "media_type": "image/jpeg",
                    "size_bytes": len(content),
                }
            ]
        row = drafting.draft(theirs.broker, AIGUL, told, recipients=["kz-knb"])
        releasing.approve(theirs.broker, BOLAT, row.record_id, digest=row.digest, recipients=row.recipients)
        raw = sealed_of(theirs.broker, row.record_id)
        with theirs.store.read() as view:
            carried = [
                (one.digest, one.size_bytes)
                for one in view.attachments.of_record((row.originator, row.record_id, row.version))
            ]
        for digest, size in carried:
            attachments.receive_part(
                ours.broker, "cis-atc", digest, 0, size, theirs.broker.blobs.parts(digest)
            )
        (outcome,) = receiving.receive(ours.broker, "cis-atc", stated(theirs.broker, raw, to="kz-knb"))
        assert outcome.code is None, outcome.sentence
    return row


def recalled(paired: Path, row: RecordRow) -> None:
    """Withdraw at cis-atc what came from it, and receive the recall at kz-knb."""
    with open_hub(paired / "cis-atc") as theirs, open_hub(paired / "kz-knb") as ours:
        recall = correcting.withdraw(theirs.broker, AIGUL, row.record_id, reason="mistaken identity")
        releasing.approve(
            theirs.broker, BOLAT, row.record_id, digest=recall.digest, recipients=recall.recipients
        )
        raw = sealed_of(theirs.broker, row.record_id, -1)
        (outcome,) = receiving.receive(ours.broker, "cis-atc", stated(theirs.broker, raw, to="kz-knb"))
        assert outcome.code is None, outcome.sentence


def sent(broker: Broker, **changes: Any) -> RecordRow:
    """Release a record for cis-atc by an officer who has no account here, and so no key to sign with."""
    row = drafting.draft(broker, AIGUL, document(**changes), recipients=["cis-atc"])
    releaser = officer("daniyar", Role.RELEASER)
    releasing.approve(broker, releaser, row.record_id, digest=row.digest, recipients=row.recipients)
    return row
