"""Signing keys that were given up because others may have them: what they signed counts if it is older.

Whoever holds such a key can sign in its agency's name and date it back. Proof of its age is what others say
of the log: a quorum of witnesses, or a time stamp, over the entry that commits to what was signed.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from hub.evidence.anchors import Anchors
from hub.evidence.chronicle import ProvenEntry
from hub.evidence.findings import Notebook, Standing, Topic
from hub.evidence.sealed import Signed


def given_up_at(anchors: Anchors, agency: str, kids: Iterable[str]) -> datetime | None:
    """Return when the first of some keys of an agency was given up; None where none was."""
    known = anchors.agencies[agency].given_up
    return min((known[kid] for kid in kids if kid in known), default=None)


def check_given_up(anchors: Anchors, notes: Notebook, signed: Iterable[tuple[Signed, ProvenEntry]]) -> None:
    """Say of each signature by a key that was given up whether others saw it in the log before that."""
    told: set[tuple[object, ...]] = set()
    for one, entry in signed:
        at = given_up_at(anchors, one.by, one.kids)
        if at is None or (one.by, one.kids, entry.index) in told:
            continue
        told.add((one.by, one.kids, entry.index))
        about: dict[str, Any] = {"agency": one.by, "at": at, "index": entry.index}
        if entry.dated is not None and entry.dated < at:
            notes.note(Topic.LIMIT, Standing.NOT_CHECKED, "key-given-up-later", before=entry.dated, **about)
        else:
            notes.not_shown(Topic.PIN, "key-given-up-before", **about)
