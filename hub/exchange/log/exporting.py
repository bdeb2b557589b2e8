"""The log for an inspector: a folder that says everything by itself and needs no hub to be checked.

`log/` is the log as it is served (C2SP tlog-tiles): checkpoint, tiles and entries. `events.jsonl` has a line
for each chosen entry: its index, and the fields that its commitments are opened to, each with its salt.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hub.audit.checkpoints import read_checkpoint
from hub.audit.encoding import b64
from hub.audit.events import Act, AuditEvent
from hub.audit.justification import justified
from hub.audit.leaves import disclose
from hub.audit.names import log_name
from hub.audit.notes import read_note
from hub.errors import Refused
from hub.exchange.broker import Broker
from hub.exchange.log.catching_up import catch_up
from hub.exchange.log.epochs import own_keys
from hub.exchange.log.publishing import CHECKPOINT, publish, published_checkpoint, write_whole
from hub.exchange.log.searching import cosigned_note, described, matching
from hub.policy.decision import require
from hub.policy.four_eyes import may_audit
from hub.ports import EventQuery, View
from hub.records.actor import Actor

LOG: Final = "log"
EVENTS: Final = "events.jsonl"
KEYS: Final = "keys.txt"
README: Final = "README.txt"

_TOLD: Final = """\
The audit log of {origin}, exported for an inspection.

log/checkpoint   the log's signed head, with what witnesses added (C2SP tlog-checkpoint, tlog-cosignature)
log/epochs.json  where the log's keys were changed: which signed when, and checkpoints that both signed
log/tile/        its hashes and its entries (C2SP tlog-tiles, RFC 6962 section 2.1)
keys.txt         the log's present keys, as this hub says; compare them with those that you got another way
events.jsonl     {count} of the log's {size} entries, opened: one JSON object a line

Each line has the entry's index in the log, its id, and disclosures: a field, its value, and the salt under
which the entry commits to it, in Base64. SHA-256 of the salt and the value in canonical JSON (RFC 8785) is
what stands under "commitments" in the entry. An entry whose secrets were erased has no disclosures: it is in
the log, and says nothing any more. How to check all this with other tools: docs/log.md of the hub.
"""


@dataclass(frozen=True, kw_only=True)
class Exported:
    """How large the log is that was written out, and how many of its entries were opened."""

    size: int
    opened: int


def export_log(
    broker: Broker, actor: Actor, folder: Path, query: EventQuery, *, justification: str | None
) -> Exported:
    """Write the whole log into a new folder, and open the entries that fit a query.

    That it was exported, by whom and why, is logged and signed for before the first byte is written, and is
    in the export. Raises Refused `role-missing`, `justification-missing`, and `conflict` for a folder that
    is there already.
    """
    require(may_audit(actor))
    why = justified(justification)
    if folder.exists():
        raise Refused("conflict", f"{folder} is there already; an export is written into a new folder.")
    told = {"what": "log", **described(query)}
    event = broker.event(Act.EXPORTED, actor, broker.agency, broker.clock.now(), justification=why, **told)
    with broker.store.work() as work:
        work.stage([event])
        work.commit()
    catch_up(broker)
    folder.mkdir(mode=0o700, parents=True)
    publish(broker.store, folder / LOG)
    with broker.store.read() as view:
        size = _write_checkpoint(view, folder / LOG)
        count = _write_events(view, query, folder / EVENTS, size=size)
    with broker.store.read() as view:
        epochs = own_keys(view.log, broker.keyring).epochs
    keys = "".join(f"{key.vkey}\n" for key in epochs[-1].keys)
    write_whole(folder / KEYS, keys.encode("utf-8"))
    page = _TOLD.format(origin=log_name(broker.agency), count=count, size=size)
    write_whole(folder / README, page.encode("utf-8"))
    return Exported(size=size, opened=count)


def _write_checkpoint(view: View, log: Path) -> int:
    """Put the witnesses' lines under the checkpoint that was published; return how large its tree is."""
    raw = published_checkpoint(log)
    if raw is None:
        raise Refused("not-found", "The log has no checkpoint yet.")
    size = read_checkpoint(read_note(raw)).size
    head = view.log.checkpoint_covering(size - 1)
    if head is not None and head.size == size:
        write_whole(log / CHECKPOINT, cosigned_note(view, head))
    return size


def _write_events(view: View, query: EventQuery, path: Path, *, size: int) -> int:
    count = 0
    with open(path, "x", encoding="utf-8") as file:
        for _, event in matching(view, query, after=0):
            index = view.log.index_of(event.event_id)
            if index is not None and index < size:
                file.write(json.dumps(opened(event, index), ensure_ascii=False) + "\n")
                count += 1
    return count


def opened(event: AuditEvent, index: int) -> dict[str, object]:
    """Return an entry as a document that opens its commitments; none where its secrets were erased."""
    return {"index": index, "id": event.event_id, "disclosures": list(_disclosures(event))}


def _disclosures(event: AuditEvent) -> Iterator[dict[str, object]]:
    if event.salt is not None:
        for shown in disclose(event):
            yield {"field": shown.field, "value": shown.value, "salt": b64(shown.salt)}
