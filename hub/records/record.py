"""A record: loaded from its document strictly, kept as loaded, written back the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

import msgspec
from marshmallow import ValidationError

from hub.errors import Refused
from hub.records.grading import Grading
from hub.records.head import record_schema
from hub.records.kinds import Action, Kind, Purpose
from hub.records.label import Label
from hub.records.problems import Problem, problems_of
from hub.records.times import as_time

__all__ = [
    "MAX_BYTES",
    "Action",
    "AttachmentRef",
    "LegalBasis",
    "Problem",
    "Purpose",
    "Record",
    "check_record",
    "load_record",
]

MAX_BYTES: Final = 1024 * 1024

_ENCODER: Final = msgspec.json.Encoder()


@dataclass(frozen=True, kw_only=True)
class LegalBasis:
    """The agreement and its articles that allow the exchange."""

    agreement: str
    articles: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class AttachmentRef:
    """A file that travels beside the record; `digest` is the SHA-256 of its plain content, in hex."""

    digest: str
    name: str
    media_type: str
    size_bytes: int


@dataclass(frozen=True, kw_only=True)
class Record:
    """One version of a record. Made by `load_record` alone, which checks it.

    `document` is the normalised form: NFC text, times in UTC. It is what is signed, and loads unchanged.
    """

    id: str
    version: int
    kind: Kind
    action: Action
    originator: str
    created_at: datetime
    label: Label
    grading: Grading | None
    legal_basis: LegalBasis
    purpose: Purpose
    conversation: str
    in_reply_to: str | None
    reply_due_at: datetime | None
    language: str
    review_on: date | None
    retain_until: date | None
    subjects: tuple[Mapping[str, Any], ...] = field(repr=False)
    narrative: str = field(repr=False)
    details: Mapping[str, Any] = field(repr=False)
    attachments: tuple[AttachmentRef, ...] = field(repr=False)
    document: Mapping[str, Any] = field(repr=False)


def load_record(
    document: Mapping[str, object], *, max_bytes: int = MAX_BYTES, at_most_bytes: int | None = None
) -> Record:
    """Check a document against its kind and return the record.

    `at_most_bytes` is what a caller knows of its size, as of one that was parsed from so many. Raises
    Refused `record-too-large`, `kind-unknown` or `record-invalid`; each carries `problems`, a list of
    `Problem`, and repeats nothing of the content.
    """
    if not isinstance(document, Mapping):
        raise _refused("record-invalid", Problem(path="", sentence="expected an object"))
    size = at_most_bytes
    if size is None or size > max_bytes:
        size = _size(document)
    if size > max_bytes:
        sentence = f"expected at most {max_bytes:,} bytes; it has {size:,}"
        raise _refused("record-too-large", Problem(path="", sentence=sentence))
    schema = record_schema(_kind(document.get("kind")), _action(document.get("action")))
    try:
        return _record(schema.load(document))
    except ValidationError as error:
        raise _refused("record-invalid", *problems_of(error)) from None


def check_record(document: object) -> list[Problem]:
    """Return everything that is wrong with a document; nothing means that it loads."""
    try:
        load_record(document)  # type: ignore[arg-type] # whatever a file held is checked there
    except Refused as refusal:
        problems: list[Problem] = refusal.details["problems"]  # type: ignore[assignment]
        return problems
    return []


def _refused(code: str, *problems: Problem) -> Refused:
    more = f" ({len(problems) - 1} more)" if len(problems) > 1 else ""
    first = problems[0]
    return Refused(code, f"{first.path or 'the record'}: {first.sentence}{more}.", problems=list(problems))


def _size(document: Mapping[str, object]) -> int:
    """Return the size as compact JSON in UTF-8; refuse what JSON cannot hold or nests without end."""
    try:
        return len(_ENCODER.encode(dict(document)))
    except UnicodeEncodeError:
        return 0  # half a surrogate pair: the schema says where
    except (TypeError, ValueError, RecursionError):
        sentence = "expected plain JSON of bounded depth; it has something else in it"
        raise _refused("record-invalid", Problem(path="", sentence=sentence)) from None


def _kind(value: object) -> Kind:
    try:
        return Kind(value)
    except ValueError:
        sentence = f"expected one of {', '.join(kind.value for kind in Kind)}; it is none of them"
        raise _refused("kind-unknown", Problem(path="kind", sentence=sentence)) from None


def _action(value: object) -> Action:
    """Return the action that chooses the details' schema; a wrong one is told of by the schema itself."""
    try:
        return Action(value)
    except ValueError:
        return Action.NEW


def _record(document: dict[str, Any]) -> Record:
    basis = document["legal_basis"]
    return Record(
        id=document["id"],
        version=document["version"],
        kind=Kind(document["kind"]),
        action=Action(document["action"]),
        originator=document["originator"],
        created_at=as_time(document["created_at"]),
        label=Label.of(document["label"]),
        grading=Grading.of(document["grading"]) if "grading" in document else None,
        legal_basis=LegalBasis(agreement=basis["agreement"], articles=tuple(basis["articles"])),
        purpose=Purpose(document["purpose"]),
        conversation=document["conversation"],
        in_reply_to=document.get("in_reply_to"),
        reply_due_at=as_time(document["reply_due_at"]) if "reply_due_at" in document else None,
        language=document["language"],
        review_on=_day(document.get("review_on")),
        retain_until=_day(document.get("retain_until")),
        subjects=tuple(document["subjects"]),
        narrative=document["narrative"],
        details=document["details"],
        attachments=tuple(AttachmentRef(**attachment) for attachment in document["attachments"]),
        document=document,
    )


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
