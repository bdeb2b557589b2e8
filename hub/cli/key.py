"""`hub key`: the lives of this hub's own keys."""

from __future__ import annotations

import click

from hub.cli.frame import Noun
from hub.cli.key_doctor import doctor


@click.group(cls=Noun)
def key() -> None:
    """Look after this hub's keys."""


for _command in (doctor,):
    key.add_command(_command)
