"""An agreement: the legal basis between agencies, read strictly from a TOML file.

The file is the same on every side: its flows name who sends to whom. Unknown keys are refused, because a
misspelt restriction that is ignored would permit what was meant to be forbidden.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, Final

from marshmallow import ValidationError, fields

from hub.errors import Refused
from hub.policy.calendar import WEEKDAYS, Calendar
from hub.policy.checks import Check
from hub.policy.terms import (
    APPROVALS_MAX,
    CONFIRM_MAX_HOURS,
    Agreement,
    Article,
    Authority,
    Flow,
    Form,
    Ground,
    Level,
    Onward,
    RefusalGround,
)
from hub.policy.toml import read_toml
from hub.records.fields import (
    Agency,
    Choice,
    Count,
    Flag,
    Language,
    Many,
    Part,
    Plain,
    Slug,
    Text,
    told,
    wrong,
)
from hub.records.kinds import Kind, Purpose
from hub.records.label import Classification, Handling, Tlp
from hub.records.schema import Object

__all__ = [
    "MAX_BYTES",
    "Agreement",
    "Article",
    "DayField",
    "Flow",
    "effective",
    "load_agreement",
    "sentences",
]

MAX_BYTES: Final = 64 * 1024


def load_agreement(toml_text: str) -> Agreement:
    """Read an agreement file; raise Refused `agreement-invalid` that names the key and what is wrong."""
    try:
        read = _AgreementSchema().load(read_toml(toml_text, max_bytes=MAX_BYTES))
        parts = {
            "parties": tuple(read["parties"]),
            "articles": tuple(Article(**article) for article in read["articles"]),
            "flows": tuple(_flow(flow) for flow in read["flows"]),
            "authorities": tuple(Authority(**one) for one in read.get("authorities", ())),
            "levels": tuple(_level(one) for one in read.get("levels", ())),
            "grounds": tuple(_ground(one) for one in read.get("grounds", ())),
            "sources": tuple(read.get("sources", ())),
            "uncertain": tuple(read.get("uncertain", ())),
            "calendar": _calendar(read["calendar"]) if "calendar" in read else None,
        }
        return Agreement(**(read | parts))
    except ValidationError as error:
        raise _invalid("; ".join(sentences(error.messages))) from None
    except ValueError as error:
        raise _invalid(str(error)) from None


def effective(toml_text: str, *, since: datetime) -> Agreement:
    """Read an agreement that took effect at this hub at a time: its standing rules end as that says."""
    return replace(load_agreement(toml_text), effective_on=since.astimezone(UTC).date())


def _flow(read: Mapping[str, Any]) -> Flow:
    """Build a flow from a table that the schema has checked."""
    return Flow(
        senders=frozenset(read["from"]),
        recipients=frozenset(read["to"]),
        articles=tuple(read["articles"]),
        kinds=frozenset(map(Kind, read["kinds"])),
        purposes=frozenset(map(Purpose, read["purposes"])),
        languages=frozenset(read["languages"]),
        highest=Classification(read["highest"]),
        by_rule=frozenset(map(Kind, read.get("by_rule", ()))),
        by_rule_until=read.get("by_rule_until"),
        tlp=frozenset(map(Tlp, read["tlp"])) if "tlp" in read else None,
        handling=frozenset(map(Handling, read.get("handling", ()))),
        caveats=tuple(read.get("caveats", ())),
        reply_days=_by_kind(read.get("reply_days")),
        retention_days=read.get("retention_days"),
        retention_of=_by_kind(read.get("retention_of")),
        review_days=_by_kind(read.get("review_days")),
        onward=Onward(read.get("onward", Onward.CONSENT.value)),
        forms=frozenset(map(Form, read["forms"])) if "forms" in read else frozenset(Form),
        checks=frozenset(map(Check, read.get("checks", ()))),
        confirm_hours=read.get("confirm_hours", CONFIRM_MAX_HOURS),
        approvals={Classification(level): count for level, count in read.get("approvals", {}).items()},
    )


def _by_kind(read: Mapping[str, int] | None) -> Mapping[Kind, int]:
    return {Kind(kind): days for kind, days in (read or {}).items()}


def _calendar(read: Mapping[str, Any]) -> Calendar:
    """Build a calendar; without a weekend of its own it has Saturday and Sunday."""
    days = {name: frozenset(read.get(name, ())) for name in ("holidays", "worked")}
    return Calendar(**days, **({"weekend": frozenset(read["weekend"])} if "weekend" in read else {}))


def _level(read: Mapping[str, Any]) -> Level:
    return Level(party=read["party"], theirs=read["theirs"], ours=Classification(read["ours"]))


def _ground(read: Mapping[str, Any]) -> Ground:
    return Ground(ground=RefusalGround(read["ground"]), article=read["article"], about=read["about"])


class DayField(Plain):
    """A TOML date, not a text or a time."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any) -> date:
        if type(value) is not date:
            raise wrong("a date without quotes, like 2001-06-15", f"it is {told(value)}")
        return value


_DAYS: Final = (1, 36_525)


class _ArticleSchema(Object):
    number = Text(64, required=True)
    about = Text(500, required=True)


class _AuthoritySchema(Object):
    party = Agency(required=True)
    name = Text(300, required=True)
    source = Text(1000)


class _LevelSchema(Object):
    party = Agency(required=True)
    theirs = Text(100, required=True)
    ours = Choice(Classification, required=True)


class _GroundSchema(Object):
    ground = Choice(RefusalGround, required=True)
    article = Text(64, required=True)
    about = Text(500, required=True)


class _CalendarSchema(Object):
    weekend = Many(Choice(WEEKDAYS), 6)
    holidays = Many(DayField(), 1000)
    worked = Many(DayField(), 1000)


def _days_by_kind() -> fields.Field[dict[str, int]]:
    return fields.Dict(keys=Choice(Kind), values=Count(*_DAYS))


_FlowSchema = Object.from_dict(
    {
        "from": Many(Agency(), 64, shortest=1, required=True),
        "to": Many(Agency(), 64, shortest=1, required=True),
        "articles": Many(Text(64), 16, shortest=1, required=True),
        "kinds": Many(Choice(Kind), len(Kind), shortest=1, required=True),
        "by_rule": Many(Choice(Kind), len(Kind)),
        "by_rule_until": DayField(),
        "purposes": Many(Choice(Purpose), len(Purpose), shortest=1, required=True),
        "languages": Many(Language(), 32, shortest=1, required=True),
        "highest": Choice(Classification, required=True),
        "tlp": Many(Choice(Tlp), len(Tlp), shortest=1),
        "handling": Many(Choice(Handling), len(Handling)),
        "caveats": Many(Text(500), 16),
        "reply_days": _days_by_kind(),
        "retention_days": Count(*_DAYS),
        "retention_of": _days_by_kind(),
        "review_days": _days_by_kind(),
        "onward": Choice(Onward),
        "forms": Many(Choice(Form), len(Form), shortest=1),
        "checks": Many(Choice(Check), len(Check)),
        "confirm_hours": Count(1, CONFIRM_MAX_HOURS),
        "approvals": fields.Dict(keys=Choice(Classification), values=Count(1, APPROVALS_MAX)),
    },
    name="Flow",
)


class _AgreementSchema(Object):
    id = Slug(required=True)
    version = Count(1, 1_000_000, required=True)
    title = Text(200, required=True)
    instrument = Text(1000, required=True)
    parties = Many(Agency(), 64, shortest=2, required=True)
    in_force_from = DayField(required=True, error_messages={"required": "is missing; expected a date"})
    in_force_until = DayField()
    articles = Many(Part(_ArticleSchema), 64, shortest=1, required=True)
    flows = Many(Part(_FlowSchema), 64, shortest=1, required=True)
    authorities = Many(Part(_AuthoritySchema), 64)
    levels = Many(Part(_LevelSchema), 64 * len(Classification))
    grounds = Many(Part(_GroundSchema), 64)
    sources = Many(Text(1000), 64)
    uncertain = Many(Text(1000), 64)
    draft = Flag()
    calendar = Part(_CalendarSchema)


def sentences(messages: object, where: str = "") -> Iterator[str]:
    """Turn marshmallow's tree of messages into one sentence per place, like `flows[0].kinds[1]: ...`."""
    if isinstance(messages, dict):
        for key, inner in messages.items():
            if key in {"_schema", "key", "value"}:
                place = where
            elif isinstance(key, int):
                place = f"{where}[{key}]"
            else:
                place = f"{where}.{key}".lstrip(".")
            yield from sentences(inner, place)
    elif isinstance(messages, list):
        yield from (f"{where}: {message}" for message in messages)


def _invalid(why: str) -> Refused:
    return Refused("agreement-invalid", f"The agreement cannot be used: {why}.")
