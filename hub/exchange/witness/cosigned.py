"""A checkpoint with all that was said of it: the log's signatures, then the lines of witnesses."""

from __future__ import annotations

from typing import Final

from hub.audit.notes import SIGNATURES_MAX, read_note, read_signatures
from hub.ports import CheckpointRow, View

_LINES: Final = SIGNATURES_MAX // 2


def cosigned_note(view: View, row: CheckpointRow) -> bytes:
    """Return a checkpoint of ours with the cosignatures of its size, in the order of the witnesses' names.

    They were verified when they came. Whoever reads the note verifies them again.
    """
    said = view.witnessing.cosignatures(row.size)
    if not said:
        return row.note
    lines = [line for one in said for line in read_signatures(one.lines.encode())]
    return read_note(row.note).with_signatures(lines[:_LINES]).as_bytes()
