"""`hub log`: the audit log, and what it covers."""

from __future__ import annotations

import click

from hub.cli.frame import Noun
from hub.cli.log_checking import recover, show, verify
from hub.cli.log_coverage import coverage
from hub.cli.log_search import export, search


@click.group(cls=Noun)
def log() -> None:
    """Check what is written about every step, and by whom it was taken."""


for _command in (show, verify, recover, search, export, coverage):
    log.add_command(_command)
