"""An agreement: the legal basis between agencies, read strictly from a TOML file.

The file is the same on every side: its flows name who sends to whom. Unknown keys are refused, because a
misspelt restriction that is ignored would permit what was meant to be forbidden.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from marshmallow import ValidationError, fields

from hub.errors import Refused
from hub.records.fields import Agency, Choice, Count, Language, Many, Part, Slug, Text, told, wrong
from hub.records.kinds import Kind, Purpose
from hub.records.label import Classification, Handling, Tlp
from hub.records.schema import Object

MAX_BYTES: Final = 64 * 1024


@dataclass(frozen=True, kw_only=True)
class Article:
    """One article of the instrument that a flow rests on."""

    number: str
    about: str


@dataclass(frozen=True, kw_only=True)
class Flow:
    """What may go from these senders to these recipients, and under which articles.

    `by_rule` holds the kinds that need no second officer. `tlp` None leaves the colour to the label alone.
    `handling` holds the handling codes that the recipient is bound to honour; a label with another one
    does not go. `caveats` are obligations in plain words, for people. Deadlines and retention are in days.
    """

    senders: frozenset[str]
    recipients: frozenset[str]
    articles: tuple[str, ...]
    kinds: frozenset[Kind]
    purposes: frozenset[Purpose]
    languages: frozenset[str]
    highest: Classification
    by_rule: frozenset[Kind] = frozenset()
    tlp: frozenset[Tlp] | None = None
    handling: frozenset[Handling] = frozenset()
    caveats: tuple[str, ...] = ()
    reply_days: Mapping[Kind, int] = field(default_factory=dict, hash=False)
    retention_days: int | None = None

    def __post_init__(self) -> None:
        """Refuse a flow that contradicts itself."""
        if both := self.senders & self.recipients:
            raise ValueError(f"{min(both)} is both sender and recipient of one flow")
        for name, kinds in (("by_rule", self.by_rule), ("reply_days", frozenset(self.reply_days))):
            if extra := kinds - self.kinds:
                raise ValueError(f"{name} has {min(k.value for k in extra)}, which is not among its kinds")


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """One version of an agreement. `in_force_until` is its last day; None means until further notice."""

    id: str
    version: int
    title: str
    instrument: str
    parties: tuple[str, ...]
    in_force_from: date
    articles: tuple[Article, ...]
    flows: tuple[Flow, ...]
    in_force_until: date | None = None

    def __post_init__(self) -> None:
        """Refuse flows between strangers, under unknown articles, or two for one sender and recipient."""
        if self.in_force_until is not None and self.in_force_until < self.in_force_from:
            raise ValueError("in_force_until is before in_force_from")
        _refuse_repeats("parties", self.parties)
        _refuse_repeats("articles", [article.number for article in self.articles])
        pairs = [(s, r) for flow in self.flows for s in flow.senders for r in flow.recipients]
        _refuse_repeats("flows", [f"{sender} to {recipient}" for sender, recipient in pairs])
        for flow in self.flows:
            if strangers := (flow.senders | flow.recipients) - set(self.parties):
                raise ValueError(f"a flow names {min(strangers)}, which is not among the parties")
            if unknown := set(flow.articles) - {article.number for article in self.articles}:
                raise ValueError(f"a flow rests on article {min(unknown)}, which is not among the articles")

    def holds_on(self, day: date) -> bool:
        """Tell whether it is in force on a day."""
        return self.in_force_from <= day and (self.in_force_until is None or day <= self.in_force_until)

    def flow(self, sender: str, recipient: str) -> Flow | None:
        """Return what may go from one party to another, or None when nothing may."""
        for flow in self.flows:
            if sender in flow.senders and recipient in flow.recipients:
                return flow
        return None


def load_agreement(toml_text: str) -> Agreement:
    """Read an agreement file; raise Refused `agreement-invalid` that names the key and what is wrong."""
    if len(toml_text.encode()) > MAX_BYTES:
        raise _invalid(f"it is larger than {MAX_BYTES:,} bytes")
    try:
        read = _AgreementSchema().load(tomllib.loads(toml_text))
        parts = {
            "parties": tuple(read["parties"]),
            "articles": tuple(Article(**article) for article in read["articles"]),
            "flows": tuple(_flow(flow) for flow in read["flows"]),
        }
        return Agreement(**(read | parts))
    except tomllib.TOMLDecodeError as error:
        raise _invalid(f"it is not TOML: {error}") from None
    except ValidationError as error:
        raise _invalid("; ".join(_sentences(error.messages))) from None
    except ValueError as error:
        raise _invalid(str(error)) from None


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
        tlp=frozenset(map(Tlp, read["tlp"])) if "tlp" in read else None,
        handling=frozenset(map(Handling, read.get("handling", ()))),
        caveats=tuple(read.get("caveats", ())),
        reply_days={Kind(kind): days for kind, days in read.get("reply_days", {}).items()},
        retention_days=read.get("retention_days"),
    )


class _Day(fields.Field[date]):
    """A TOML date, not a text or a time."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any) -> date:
        if type(value) is not date:
            raise wrong("a date without quotes, like 2001-06-15", f"it is {told(value)}")
        return value


_DAYS: Final = (1, 36_525)


class _ArticleSchema(Object):
    number = Text(64, required=True)
    about = Text(500, required=True)


_FlowSchema = Object.from_dict(
    {
        "from": Many(Agency(), 64, shortest=1, required=True),
        "to": Many(Agency(), 64, shortest=1, required=True),
        "articles": Many(Text(64), 16, shortest=1, required=True),
        "kinds": Many(Choice(Kind), len(Kind), shortest=1, required=True),
        "by_rule": Many(Choice(Kind), len(Kind)),
        "purposes": Many(Choice(Purpose), len(Purpose), shortest=1, required=True),
        "languages": Many(Language(), 32, shortest=1, required=True),
        "highest": Choice(Classification, required=True),
        "tlp": Many(Choice(Tlp), len(Tlp), shortest=1),
        "handling": Many(Choice(Handling), len(Handling)),
        "caveats": Many(Text(500), 16),
        "reply_days": fields.Dict(keys=Choice(Kind), values=Count(*_DAYS)),
        "retention_days": Count(*_DAYS),
    },
    name="Flow",
)


class _AgreementSchema(Object):
    id = Slug(required=True)
    version = Count(1, 1_000_000, required=True)
    title = Text(200, required=True)
    instrument = Text(1000, required=True)
    parties = Many(Agency(), 64, shortest=2, required=True)
    in_force_from = _Day(required=True, error_messages={"required": "is missing; expected a date"})
    in_force_until = _Day()
    articles = Many(Part(_ArticleSchema), 64, shortest=1, required=True)
    flows = Many(Part(_FlowSchema), 64, shortest=1, required=True)


def _sentences(messages: object, where: str = "") -> Iterator[str]:
    """Turn marshmallow's tree of messages into one sentence per place, like `flows[0].kinds[1]: ...`."""
    if isinstance(messages, dict):
        for key, inner in messages.items():
            if key in {"_schema", "key", "value"}:
                place = where
            elif isinstance(key, int):
                place = f"{where}[{key}]"
            else:
                place = f"{where}.{key}".lstrip(".")
            yield from _sentences(inner, place)
    elif isinstance(messages, list):
        yield from (f"{where}: {message}" for message in messages)


def _refuse_repeats(name: str, values: Sequence[str]) -> None:
    if repeated := sorted(value for value, times in Counter(values).items() if times > 1):
        raise ValueError(f"{name} has {repeated[0]} more than once")


def _invalid(why: str) -> Refused:
    return Refused("agreement-invalid", f"The agreement cannot be used: {why}.")
