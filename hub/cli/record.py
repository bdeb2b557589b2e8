"""`hub record`: everything about records, in the order of the work."""

from __future__ import annotations

from typing import Final

import click

from hub.cli.frame import Leaf, Noun
from hub.cli.record_confining import confine, lift
from hub.cli.record_decisions import read, reject, release
from hub.cli.record_delivering import deliver
from hub.cli.record_drafts import answer, correct, discard, draft, revise, withdraw
from hub.cli.record_dues import due, keep, review, unheeded
from hub.cli.record_erasing import erase
from hub.cli.record_files import check, kinds, template
from hub.cli.record_losses import losses
from hub.cli.record_passing import pass_on, passages
from hub.cli.record_tears import tear, unaffected
from hub.cli.record_views import list_, show, trace

_COMMANDS: Final[tuple[Leaf, ...]] = (
    kinds,
    template,
    check,
    draft,
    revise,
    discard,
    losses,
    release,
    deliver,
    reject,
    read,
    list_,
    show,
    trace,
    answer,
    correct,
    withdraw,
    tear,
    unaffected,
    pass_on,
    passages,
    due,
    unheeded,
    review,
    keep,
    erase,
    confine,
    lift,
)


@click.group(cls=Noun)
def record() -> None:
    """Write, check, release, read and follow records."""


for command in _COMMANDS:
    record.add_command(command)
