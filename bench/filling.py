"""What a hub has after years: many partners, and many records that came and went."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding

from bench.pair import CUSTODIAN, Pair
from hub.audit.events import Act
from hub.bootstrap.opening import Hub, open_hub
from hub.entries import Body, Direction, InboxEntry, OutboxEntry, Priority, ReceiptRow, RecordRow, Release
from hub.envelope.keys import PublicKeys, SigningKeys, thumbprint, xwing_from_seed
from hub.envelope.suites import Suite
from hub.exchange.broker import Broker
from hub.exchange.drafting import basis
from hub.exchange.partners import pair
from hub.federation.card import Card, fingerprint, make_card
from hub.ports import UnitOfWork
from hub.records.ids import new_id
from hub.records.kinds import Kind
from hub.records.lifecycle import EntryState, ReceiptStatus, RecordState
from hub.records.template import template
from keys.authority import make_authority

_AT_ONCE: Final = 500
_WRAPPED_BYTES: Final = 40
_RECEIPT_BYTES: Final = 800


def fill_partners(between: Pair, count: int) -> None:
    """Pin further partners at our hub, each with a card of its own; they share keys, to be made sooner."""
    es256, p256 = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    signing = SigningKeys(es256=es256, mldsa65=MLDSA65PrivateKey.generate())
    _, xwing = xwing_from_seed(os.urandom(32))
    p256_kid, xwing_kid = thumbprint(p256.public_key()), thumbprint(xwing)
    with open_hub(between.ours.home) as hub:
        at = hub.broker.clock.now()
        for number in range(count):
            agency = f"xx-filler-{number}"
            public = PublicKeys(
                agency=agency,
                es256={signing.es256_kid: es256.public_key()},
                mldsa65={signing.mldsa65_kid: signing.mldsa65.public_key()},
                p256={p256_kid: p256.public_key()},
                xwing={xwing_kid: xwing},
                encrypt_p256=p256_kid,
                encrypt_xwing=xwing_kid,
            )
            card = Card(
                agency=agency,
                name=agency,
                url=f"https://{agency}.invalid:8443",
                issued_at=at,
                tls_ca_pem=make_authority(agency, at=at).certificate.public_bytes(Encoding.PEM).decode(),
                public=public,
                suites=(Suite.HYBRID_1, Suite.CLASSIC_1),
                mailbox=True,
            )
            raw = make_card(card, signing)
            pair(hub.broker, CUSTODIAN, raw, confirmed_fingerprint=fingerprint(raw))


def fill_records(between: Pair, count: int, *, size_bytes: int) -> None:
    """Store records at both hubs as an exchange leaves them: sent and accepted here, received there.

    What a body holds is noise of the right size, as ciphertext is.
    """
    with open_hub(between.ours.home) as ours, open_hub(between.theirs.home) as theirs:
        for start in range(0, count, _AT_ONCE):
            rows = [_row(ours, theirs) for _ in range(min(_AT_ONCE, count - start))]
            with ours.broker.store.work() as work:
                _sent(ours.broker, work, rows, size_bytes)
                work.commit()
            with theirs.broker.store.work() as work:
                _received(theirs.broker, work, rows, size_bytes)
                work.commit()


def _row(ours: Hub, theirs: Hub) -> RecordRow:
    at, record_id = ours.broker.clock.now(), new_id()
    document = template(Kind.DESIGNATION)
    return RecordRow(
        record_id=record_id,
        version=1,
        kind=Kind.DESIGNATION.value,
        action="new",
        direction=Direction.OUT,
        originator=ours.config.agency,
        state=RecordState.RELEASED,
        label=document["label"],
        digest=os.urandom(32),
        conversation=record_id,
        in_reply_to=None,
        language="en",
        purpose=document["purpose"],
        agreement="unsc-1267",
        recipients=(theirs.config.agency,),
        priority=Priority.ROUTINE,
        author="system:filler",
        created_at=at,
        body_id=new_id(),
        expires_at=at + timedelta(days=7),
        envelope_id=new_id(),
    )


def _body(body_id: str, size_bytes: int) -> Body:
    return Body(
        body_id=body_id,
        wrapped_key=os.urandom(_WRAPPED_BYTES),
        nonce=os.urandom(12),
        ciphertext=os.urandom(size_bytes),
    )


def _sealed(body_id: str, size_bytes: int) -> Body:
    """Return a body that holds an envelope: base64 twice over the record, and the headers."""
    return _body(body_id, size_bytes * 16 // 9 + 2000)


def _sent(broker: Broker, work: UnitOfWork, rows: Sequence[RecordRow], size_bytes: int) -> None:
    for row in rows:
        envelope_id, at = str(row.envelope_id), row.created_at
        entry = OutboxEntry(
            entry_id=new_id(),
            lane=row.recipients[0],
            recipient=row.recipients[0],
            envelope_id=envelope_id,
            body_id=envelope_id,
            record_id=row.record_id,
            version=row.version,
            conversation=row.conversation,
            priority=row.priority,
            state=EntryState.ACCEPTED,
            created_at=at,
            next_at=at,
            expires_at=at + timedelta(days=7),
        )
        release = Release(
            originator=row.originator,
            record_id=row.record_id,
            version=row.version,
            digest=row.digest,
            recipients=row.recipients,
            approver=f"rule:{row.agreement}",
            at=at,
            envelope_ids=(envelope_id,),
        )
        receipt = ReceiptRow(
            receipt_id=new_id(),
            envelope_id=envelope_id,
            by=row.recipients[0],
            to=row.originator,
            status=ReceiptStatus.ACCEPTED,
            at=at,
            raw=os.urandom(_RECEIPT_BYTES),
            record_id=row.record_id,
        )
        work.bodies.add([_body(row.body_id, size_bytes), _sealed(envelope_id, size_bytes)])
        work.records.add([row])
        work.records.add_releases([release])
        work.outbox.queue([entry])
        work.receipts.add([receipt])
        told = {"digest": row.digest.hex(), "recipients": ",".join(row.recipients)}
        for act in (Act.RELEASED, Act.RECEIPT_VERIFIED):
            work.stage([broker.event(act, CUSTODIAN, row.record_id, at, justification=basis(row), **told)])


def _received(broker: Broker, work: UnitOfWork, rows: Sequence[RecordRow], size_bytes: int) -> None:
    came = [replace(r, direction=Direction.IN, state=RecordState.RECEIVED, body_id=new_id()) for r in rows]
    work.bodies.add([_sealed(row.body_id, size_bytes) for row in came])
    work.records.add(came)
    work.inbox.admit(
        [
            InboxEntry(
                originator=row.originator,
                envelope_id=str(row.envelope_id),
                digest=row.digest,
                peer=row.originator,
                received_at=row.created_at,
                receipt=os.urandom(_RECEIPT_BYTES),
                record_id=row.record_id,
                version=row.version,
                body_id=row.body_id,
            )
            for row in came
        ]
    )
    work.stage(
        broker.event(Act.ADMITTED, CUSTODIAN, row.record_id, row.created_at, digest=row.digest.hex())
        for row in came
    )
