"""Content at rest: records locked into bodies, and opened again from what was drafted or received."""

from __future__ import annotations

import json
from collections.abc import Mapping

from hub.entries import Body, Direction, RecordRow
from hub.envelope import sealing
from hub.envelope.canonical import canonical
from hub.envelope.manifest import Manifest
from hub.envelope.passing import as_jws
from hub.envelope.vault import lock, unlock
from hub.errors import Refused
from hub.exchange.broker import Broker
from hub.ports import View
from hub.records.record import Record, load_record


def lock_content(broker: Broker, record: Record, *, body_id: str) -> tuple[Body, bytes]:
    """Return the record's content as a body at rest, and its canonical bytes, which a release is bound to."""
    content = canonical(record.document)
    return lock(content, body_id=body_id, master_key=broker.keyring.master_key()), content


def find_row(
    view: View, record_id: str, version: int | None = None, *, originator: str | None = None
) -> RecordRow:
    """Return a record's version, or the highest.

    Raises Refused `not-found`, and `conflict` when several originators sent records with this id and none
    is named: an honest id is nobody else's.
    """
    row = view.records.get(record_id, version, originator=originator)
    if row is None:
        bearers = sorted(agency for agency, _ in view.records.newest([record_id]))
        if originator is None and len(bearers) > 1 and view.records.get(record_id) is None:
            raise Refused("conflict", f"{' and '.join(bearers)} sent records with this id; name one of them.")
        which = f" version {version}" if version is not None else ""
        raise Refused("not-found", f"There is no record {record_id}{which} here.")
    return row


def read_content(broker: Broker, view: View, row: RecordRow) -> Record:
    """Open a record's content from where it lies: the draft's body, or the envelope that brought it.

    Raises Refused `content-erased` when its key was destroyed.
    """
    return open_content(broker, row, _find_body(view, row))


def open_content(broker: Broker, row: RecordRow, body: Body) -> Record:
    """Open a record's content from its body; touches no store."""
    if row.direction is Direction.OUT or row.envelope_id is None:
        # Ours, or what was interpreted of a parcel: its parcel is kept beside it.
        document: Mapping[str, object] = json.loads(unlock(body, master_key=broker.keyring.master_key()))
    elif row.via is None:
        _manifest, document = _open_again(broker, body)
    else:
        _manifest, document = sealing.read_signed(_passed_jws(broker, body))
    return load_record(document, max_bytes=broker.limits.record_max_bytes)


def read_signed(broker: Broker, view: View, row: RecordRow) -> bytes:
    """Return a received record as its originator signed it: the JWS that was sealed, or was passed on."""
    body = _find_body(view, row)
    return _opened(broker, body).jws if row.via is None else _passed_jws(broker, body)


def _passed_jws(broker: Broker, body: Body) -> bytes:
    """Return the originator's JWS in the passage that brought it."""
    _manifest, passage = _open_again(broker, body)
    return as_jws(passage["details"]["signed"])  # type: ignore[index]


def read_manifest(broker: Broker, view: View, row: RecordRow) -> Manifest:
    """Return the signed manifest of a received record (attachment keys and approvals are in it)."""
    return _open_again(broker, _find_body(view, row))[0]


def _open_again(broker: Broker, body: Body) -> tuple[Manifest, Mapping[str, object]]:
    """Read the sealed bytes that were verified when they were admitted."""
    return sealing.read_again(_opened(broker, body))


def _opened(broker: Broker, body: Body) -> sealing.Opened:
    raw = unlock(body, master_key=broker.keyring.master_key())
    sealed = sealing.peek(raw, max_bytes=broker.limits.envelope_max_bytes)
    return sealing.open(sealed, agency=broker.agency, keys=broker.keyring.decryption())


def _find_body(view: View, row: RecordRow) -> Body:
    body = view.bodies.get_many([row.body_id]).get(row.body_id)
    if body is None:
        raise Refused("content-erased", f"The content of record {row.record_id} was erased.")
    return body
