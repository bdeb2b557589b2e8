"""The changes of the log's keys as a published file: others, and a database that was set back, learn of them.

Each change comes with the checkpoint that the keys of before and after have both signed. Nothing in the file
is believed without the keys of the key store.
"""

from __future__ import annotations

import json
from typing import Final

from hub.audit.checkpoints import verify_checkpoint
from hub.envelope.encoding import list_of, members, number_of, parse_json, text_of, texts_of, time_of
from hub.errors import HubError, IntegrityFailure
from hub.exchange.log.epochs import OwnKeys
from hub.ports import EpochRow, Log
from hub.records.times import as_text

EPOCHS: Final = "epochs.json"

_ROW: Final = frozenset({"number", "checkpoint", "size", "at", "sets", "note"})


def write_epochs(log: Log) -> bytes | None:
    """Return the file of a log whose keys were changed; None where they never were."""
    rows = log.epochs()
    if not rows:
        return None
    told = []
    for row in rows:
        switch = log.checkpoint(row.checkpoint) if row.checkpoint else None
        told.append(
            {
                "number": row.number,
                "checkpoint": row.checkpoint,
                "size": row.size,
                "at": as_text(row.at),
                "sets": list(row.sets),
                "note": "" if switch is None else switch.note.decode(),
            }
        )
    return (json.dumps({"epochs": told}, indent=1) + "\n").encode()


def read_epochs(raw: bytes, own: OwnKeys) -> list[tuple[EpochRow, bytes]]:
    """Return the changes in a file, each with its checkpoint, which the keys of both times must have signed.

    Raises IntegrityFailure `log-damaged` for what our keys did not sign.
    """
    try:
        said = members(parse_json(raw), frozenset({"epochs"}))
        found: list[tuple[EpochRow, bytes]] = []
        for value in list_of(said, "epochs"):
            one = members(value, _ROW)
            row = EpochRow(
                number=number_of(one, "number"),
                checkpoint=number_of(one, "checkpoint"),
                size=number_of(one, "size"),
                at=time_of(one, "at"),
                sets=texts_of(one, "sets"),
            )
            note = text_of(one, "note").encode()
            if row.checkpoint:
                _check(row, note, found[-1][0].sets, own)
            found.append((row, note))
    except (HubError, ValueError, IndexError):
        raise IntegrityFailure(
            "log-damaged", f"The published {EPOCHS} is not what the log's keys have signed."
        ) from None
    return found


def _check(row: EpochRow, note: bytes, before: tuple[str, ...], own: OwnKeys) -> None:
    known = {" ".join(key.vkey for key in keys): keys for keys in (*own.sets, *own.given_up)}
    for text in dict.fromkeys((*before, *row.sets)):
        if text not in known:
            raise ValueError("keys that were never ours")
        if verify_checkpoint(note, known[text]).size != row.size:
            raise ValueError("the checkpoint is over another tree")
