"""The schema of a whole record: its head, and the rules that no single part can check."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, ClassVar, Final

from marshmallow import ValidationError, validates_schema

from hub.records.details import SHAPES, Shape
from hub.records.fields import Agency, Choice, Count, Date, Id, Language, Many, Part, Slug, Text, Time
from hub.records.grading import GradingSchema
from hub.records.kinds import Action, Kind, Purpose
from hub.records.label import LabelSchema
from hub.records.parts import AttachmentSchema
from hub.records.schema import Object
from hub.records.subjects import AnySubject
from hub.records.times import as_time

MAX_SUBJECTS: Final = 1000
MAX_ATTACHMENTS: Final = 16


class LegalBasisSchema(Object):
    """The agreement that allows the exchange, and the articles of it that do."""

    agreement = Slug(required=True)
    articles = Many(Text(100), 20, shortest=1, required=True)


class RecordSchema(Object):
    """A record's head. `details` joins it with the kind."""

    id = Id(required=True)
    version = Count(1, 9999, required=True)
    kind = Choice(Kind, required=True)
    action = Choice(Action, required=True)
    originator = Agency(required=True)
    created_at = Time(required=True)
    label = Part(LabelSchema, required=True)
    grading = Part(GradingSchema)
    legal_basis = Part(LegalBasisSchema, required=True)
    purpose = Choice(Purpose, required=True)
    conversation = Id(required=True)
    in_reply_to = Id()
    reply_due_at = Time()
    language = Language(required=True)
    review_on = Date()
    retain_until = Date()
    subjects = Many(AnySubject(), MAX_SUBJECTS, required=True)
    narrative = Text(100_000, lines=True, empty=True, required=True)
    attachments = Many(Part(AttachmentSchema), MAX_ATTACHMENTS, absent_is_empty=True)

    shape: ClassVar[Shape]

    @validates_schema
    def holds_together(self, data: Mapping[str, Any], **_: Any) -> None:
        """Refuse a record whose parts contradict one another."""
        wrong: dict[str, list[str]] = {}
        for path, sentence in (
            *_head(data, self.shape),
            *_times(data),
            *_subjects(data, self.shape),
            *_attachments(data),
        ):
            wrong.setdefault(path, []).append(sentence)
        if wrong:
            raise ValidationError(wrong)


def _head(data: Mapping[str, Any], shape: Shape) -> Iterator[tuple[str, str]]:
    if (data["version"] == 1) != (data["action"] == Action.NEW.value):
        yield "action", "expected new for version 1, correction or withdrawal for each later one"
    if shape.answers and "in_reply_to" not in data:
        yield "in_reply_to", "is missing; expected the id of the record that is answered"
    if data.get("in_reply_to") == data["id"]:
        yield "in_reply_to", "expected another record; it names this one"


def _times(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if "reply_due_at" in data and as_time(data["reply_due_at"]) <= as_time(data["created_at"]):
        yield "reply_due_at", "expected a time after created_at; it is not"
    if data.get("review_on", "") > data.get("retain_until", "9"):
        yield "review_on", "expected a day not after retain_until; it is later"


def _subjects(data: Mapping[str, Any], shape: Shape) -> Iterator[tuple[str, str]]:
    subjects = data["subjects"]
    types = {subject["type"] for subject in subjects}
    if shape.needs.isdisjoint(types) and shape.needs and data["action"] != Action.WITHDRAWAL.value:
        yield "subjects", f"expected at least one of type {' or '.join(sorted(shape.needs))}"
    keys = [subject["key"] for subject in subjects if "key" in subject]
    known = set(keys)
    if len(known) < len(keys):
        yield "subjects", "expected keys that differ; two subjects have the same"
    if any(link["to"] not in known for subject in subjects for link in subject.get("links", ())):
        yield "subjects", "expected links to keys of this record's subjects; one leads nowhere"


def _attachments(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    digests = [attachment["digest"] for attachment in data["attachments"]]
    known = set(digests)
    if len(known) < len(digests):
        yield "attachments", "expected digests that differ; two attachments have the same"
    samples = (sample for subject in data["subjects"] for sample in subject.get("biometrics", ()))
    if any(sample["attachment"] not in known for sample in samples):
        yield "attachments", "expected an attachment for each biometric; one is not there"


@cache
def record_schema(kind: Kind, action: Action) -> RecordSchema:
    """Return the schema of one kind, built once a process; a withdrawal's details are its reason alone."""
    shape = SHAPES[kind]
    details = shape.recall if action is Action.WITHDRAWAL else shape.details
    made = type(
        RecordSchema.__name__, (RecordSchema,), {"details": Part(details, required=True), "shape": shape}
    )
    schema: RecordSchema = made()
    return schema
