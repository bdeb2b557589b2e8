"""A filled, valid example of any kind, to start a draft from."""

from __future__ import annotations

from copy import deepcopy
from datetime import timedelta
from typing import Any

from hub.records.details import SHAPES
from hub.records.examples import EXAMPLES
from hub.records.ids import made_at, new_id
from hub.records.kinds import Kind
from hub.records.label import Label
from hub.records.times import as_text


def template(kind: Kind) -> dict[str, Any]:
    """Return an example of a kind with a fresh id, which loads as it is. Its persons are invented."""
    example = EXAMPLES[kind]
    record_id = new_id()
    at = made_at(record_id)
    label = Label(classification=example.classification, tlp=example.tlp)
    document: dict[str, Any] = {
        "id": record_id,
        "version": 1,
        "kind": kind.value,
        "action": "new",
        "originator": "kz-knb",
        "created_at": as_text(at),
        "label": label.as_document(),
        "legal_basis": {"agreement": example.agreement, "articles": list(example.articles)},
        "purpose": example.purpose.value,
        "conversation": record_id,
        "language": example.language,
        "review_on": (at + timedelta(days=365)).date().isoformat(),
        "retain_until": (at + timedelta(days=3 * 365)).date().isoformat(),
        "subjects": list(deepcopy(example.subjects)),
        "narrative": example.narrative,
        "details": deepcopy(example.details),
        "attachments": [],
    }
    if example.grading:
        document["grading"] = dict(example.grading)
    if example.reply_days is not None:
        document["reply_due_at"] = as_text(at + timedelta(days=example.reply_days))
    if SHAPES[kind].answers:
        document["in_reply_to"] = document["conversation"] = new_id()
    return document
