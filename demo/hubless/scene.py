"""The scene: a record to each partner without a hub, with its losses read first, and one from each."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from demo.cast import US
from demo.hubless.cast import BROKEN, Hubless
from demo.hubless.ends import End
from demo.story import Company, Key, Script
from hub.records.template import template

FROM_THEM: Final = f"{US} (no hub)"
_WHY: Final = "Asked and confirmed, case 26-118."


@dataclass(frozen=True, kw_only=True)
class Translated:
    """What one partner's format could not carry, as the releasing officer read it."""

    recipient: str
    dialect: str
    carrier: str
    lost: Sequence[str]
    asked: Sequence[str]


@dataclass(kw_only=True)
class Scene:
    """The ends, what was told of each release, and which record each parcel of ours carries."""

    ends: Sequence[End]
    silent: Collection[str]
    told: Sequence[Translated] = ()

    def play(self, company: Company, script: Script) -> None:
        """Draft, read the losses, answer and release one record to each; each that is awake sends one."""
        self.told = [_send(company, script, end.partner) for end in self.ends]
        for end in self.ends:
            if end.partner.agency in self.silent:
                continue
            end.send(f"from-{end.partner.agency}-1")
            script.expected.setdefault(FROM_THEM, set()).add(_expected(end))

    def work(self) -> int:
        """Let each end work that still waits for something; return how many of their records are answered."""
        for end in self.ends:
            if not end.done and end.partner.agency not in self.silent:
                end.work()
        return sum(len(end.answers) for end in self.ends)

    def lose_one(self) -> None:
        """Have one end forget what it gave a receipt for."""
        for end in self.ends:
            if end.partner.agency == BROKEN:
                end.lose_one()


def reached_by(partner: Hubless) -> str:
    """Return carrier and seal of a partner, for the table."""
    return partner.carrier + (", CMS" if partner.seal else "")


def found_at(end: End, entries: Sequence[Mapping[str, Any]]) -> list[Key]:
    """Return the records that an end read, in the names that we know them by.

    A document that has no place for a record's id is known by the parcel in which it came.
    """
    parcels = {
        one["envelope_id"]: (one["record_id"], 1)  # to none of them goes a second version
        for one in entries
        if one["recipient"] == end.partner.agency
    }
    return [
        (str(record["id"]), int(record["version"]))
        if "id" in record and "version" in record
        else parcels.get(parcel_id, (parcel_id, 0))
        for parcel_id, record in end.read.items()
    ]


def arrived_from(ends: Sequence[End], rows: Sequence[Mapping[str, Any]]) -> list[Key]:
    """Return the records that came from such partners; one of a format without ids is known by its number."""
    found: list[Key] = []
    for end in ends:
        came = [row for row in rows if row["originator"] == end.partner.agency]
        named = _names_records(end)
        found += [
            (row["record_id"], row["version"]) if named else (f"{end.partner.agency}/{number}", 1)
            for number, row in enumerate(came, start=1)
        ]
    return found


def taken_from(ends: Sequence[End]) -> int:
    """Return how many of the ends' own records were taken, as their receipts say."""
    return sum(code is None for end in ends for code in end.answers.values())


def _expected(end: End) -> Key:
    (record_id,) = end.sent.values()
    return (record_id, 1) if _names_records(end) else (f"{end.partner.agency}/1", 1)


def _names_records(end: End) -> bool:
    return end.partner.adapter != "interpol"


def _send(company: Company, script: Script, partner: Hubless) -> Translated:
    drafted = company.drafters[US].call(
        "POST",
        "/api/v1/drafts",
        {"record": _document(partner), "recipients": [partner.agency], "priority": "urgent"},
    )
    releaser, path = company.releasers[US], f"/api/v1/drafts/{drafted['record_id']}"
    preview = releaser.call("GET", f"{path}/preview")
    losses = preview["losses"]
    (item,) = losses["items"]
    answers = [
        {"recipient": partner.agency, "code": one["code"], "met": True, "why": _WHY} for one in item["asked"]
    ]
    decision = {**releaser.decision(drafted), "losses": losses["digest"], "partner_answers": answers}
    releaser.call("POST", f"{path}/approve", decision)
    script.expect(drafted)
    return Translated(
        recipient=partner.agency,
        dialect=item["dialect"],
        carrier=partner.carrier,
        lost=item["lost"],
        asked=[one["sentence"] for one in item["asked"]],
    )


def _document(partner: Hubless) -> dict[str, Any]:
    made = template(partner.to_it)
    for name in ("id", "version", "action", "created_at", "conversation", "in_reply_to", "attachments"):
        made.pop(name, None)
    return made | {
        "originator": US,
        "language": partner.language,
        "label": {**made["label"], "classification": "restricted", "tlp": "amber"},
        "legal_basis": {"agreement": partner.agreement, "articles": [partner.article]},
    }


def line_of(told: Sequence[Translated]) -> str:
    """Return what people read of the releases."""
    asked = sum(len(one.asked) for one in told)
    return (
        f"{len(told)} partners have no hub: each got its own format by its own carrier, once what that "
        f"loses was read and what its rules ask was answered ({asked} questions)."
    )
