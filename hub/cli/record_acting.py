"""What all acts of officers on records share: the options, the row as it stands, a verdict in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

from hub.cli.answer import Answer
from hub.cli.credentials import officer_options
from hub.cli.home import home_option, unlock_option
from hub.cli.record_views import as_document, then_of
from hub.entries import RecordRow
from hub.exchange.broker import Broker
from hub.exchange.contents import find_row
from hub.exchange.recipients import Verdict
from hub.records.actor import Actor

_Command = TypeVar("_Command", bound=Callable[..., Any])

why_option: Final = click.option(
    "--why",
    "--justification",
    "justification",
    required=True,
    metavar="TEXT",
    help="Why you read it, in 3 to 500 characters; it is logged.",
)


def acting(command: _Command) -> _Command:
    """Add what every act of an officer takes: the hub and who the officer is."""
    return officer_options(home_option(unlock_option(command)))


def row_of(broker: Broker, record_id: str, *, originator: str | None = None) -> RecordRow:
    """Return a record's newest version as it stands, or raise Refused `not-found`."""
    with broker.store.read() as view:
        return find_row(view, record_id, originator=originator)


def verdict_of(verdict: Verdict) -> str:
    """Return what the rules say of one recipient, in words."""
    return "; ".join(reason.sentence for reason in verdict.reasons) or "permitted"


def stands(broker: Broker, actor: Actor, record_id: str, sentence: str) -> Answer:
    """Say how a record stands after an act, and what can be done next."""
    row = row_of(broker, record_id)
    return Answer(document=as_document(row), people=(f"{record_id} {sentence}",), then=then_of(row, actor))
