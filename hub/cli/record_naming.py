"""How a record is named at the command line: its id, and whose it is where an id is not enough."""

from __future__ import annotations

from typing import Final

import click

record_argument: Final = click.argument("record_id", metavar="ID", help="The record's id.")
originator_option: Final = click.option(
    "--originator",
    metavar="AGENCY",
    help="Whose record, where several agencies sent one with this id; without it ours, else the only one.",
)
