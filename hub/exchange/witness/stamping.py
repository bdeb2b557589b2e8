"""Have the time of checkpoints stamped by an outside authority; a stamp on one covers all before it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from cryptography import x509
from rfc3161_client import HashAlgorithm, PKIStatus, TimestampRequestBuilder, decode_timestamp_response

from hub.audit.timestamps import verify_timestamp
from hub.errors import HubError, IntegrityFailure, PeerFault
from hub.exchange.broker import Broker
from hub.ports import CheckpointRow, TimestampAuthority, TimestampRow, View, WitnessState

log = logging.getLogger("hub.witness")

_STAMPED = (PKIStatus.GRANTED, PKIStatus.GRANTED_WITH_MODS)


@dataclass(frozen=True, kw_only=True)
class Stamper:
    """An authority, and the root certificates under which its time stamps are believed."""

    authority: TimestampAuthority
    roots: Sequence[x509.Certificate] = field(repr=False)


def stamp_due(broker: Broker, view: View) -> CheckpointRow | None:
    """Return the newest checkpoint when it is to be stamped now.

    It is when its log has grown since the last stamp, which is `timestamp_interval_s` ago or longer.
    """
    newest, last = view.log.checkpoint(), view.witnessing.last_timestamp()
    if newest is None or newest.size == 0:
        return None
    if last is None:
        return newest
    if newest.size <= last.size:
        return None
    stamped = view.log.checkpoint(last.number)
    age_s = (broker.clock.now() - (last.at if stamped is None else stamped.at)).total_seconds()
    # A clock that was set back makes one due.
    return newest if not 0 <= age_s < broker.limits.timestamp_interval_s else None


def unstamped_since(view: View) -> datetime | None:
    """Return when the first checkpoint was signed that no time stamp covers; None when there is none."""
    last = view.witnessing.last_timestamp()
    first = view.log.checkpoint_covering(0 if last is None else last.size)
    return None if first is None else first.at


def stamp(broker: Broker, stamper: Stamper, row: CheckpointRow) -> TimestampRow:
    """Get a time stamp over a checkpoint, verify it, and keep it with how asking went.

    Raises PeerFault `timestamp-unavailable` and IntegrityFailure `timestamp-invalid`, which are noted.
    """
    name = stamper.authority.name
    try:
        stamped = _stamped(stamper, row)
    except HubError as failure:
        _note_failure(broker, name, failure)
        raise
    now = broker.clock.now()
    with broker.store.work() as work:
        work.witnessing.add_timestamp(stamped)
        work.witnessing.put_states(
            [
                WitnessState(
                    witness=name, asked_at=now, cosigned_at=stamped.at, number=row.number, size=row.size
                )
            ]
        )
        work.commit()
    return stamped


def _stamped(stamper: Stamper, row: CheckpointRow) -> TimestampRow:
    name = stamper.authority.name
    query = (
        TimestampRequestBuilder()
        .data(row.note)
        .hash_algorithm(HashAlgorithm.SHA256)
        .nonce(nonce=True)
        .cert_request(cert_request=True)
        .build()
    )
    try:
        answer = decode_timestamp_response(stamper.authority.ask(query.as_bytes()))
        if answer.status not in _STAMPED:
            status = PKIStatus(answer.status).name.lower()
            raise PeerFault("timestamp-unavailable", f"{name} gave no time stamp: it answered {status}.")
        token, nonce = answer.time_stamp_token(), answer.tst_info.nonce
    except ValueError:
        raise IntegrityFailure(
            "timestamp-invalid", f"What {name} answered is not an RFC 3161 answer."
        ) from None
    if nonce != query.nonce:
        raise IntegrityFailure("timestamp-invalid", f"The answer of {name} is to another question.")
    verified = verify_timestamp(token, row.note, stamper.roots)
    return TimestampRow(number=row.number, size=row.size, tsa=name, at=verified.at, token=token)


def _note_failure(broker: Broker, name: str, failure: HubError) -> None:
    now = broker.clock.now()
    with broker.store.work() as work:
        known = work.witnessing.states().get(name) or WitnessState(witness=name, asked_at=now)
        failed = replace(
            known,
            asked_at=now,
            failing_since=known.failing_since or now,
            code=failure.code,
            sentence=failure.sentence,
        )
        work.witnessing.put_states([failed])
        work.commit()
    if known.code != failure.code:
        log.warning("no time stamp: %s", failure, extra={"code": failure.code})
