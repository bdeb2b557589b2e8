"""`hub key`: the lives of this hub's own keys."""

from __future__ import annotations

import click

from hub.cli.frame import Noun
from hub.cli.key_backup import backup, restore
from hub.cli.key_doctor import doctor


@click.group(cls=Noun)
def key() -> None:
    """Look after this hub's keys."""


for _command in (backup, restore, doctor):
    key.add_command(_command)
