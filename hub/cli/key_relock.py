"""`hub key relock`: another secret opens the key files from now on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.audit.events import Act
from hub.audit.trail import writes
from hub.cli.answer import Answer
from hub.cli.custody import new_passphrase
from hub.cli.frame import leaf, trail
from hub.cli.home import administrator, config_of, home_option, unlock_option

if TYPE_CHECKING:
    from hub.bootstrap.secrets import Unlock


@trail(writes(Act.KEY_CHANGED))
@leaf(examples=("hub key relock", "hub key relock --passphrase"))
@click.option("--passphrase", is_flag=True, help="A passphrase opens them, which is asked for twice.")
@click.option(
    "--new-unlock-fd", metavar="N", type=click.IntRange(min=0), help="A passphrase that is read here."
)
@home_option
@unlock_option
def relock(passphrase: bool, new_unlock_fd: int | None, home: Path, unlock: Unlock) -> Answer:
    """Change the secret that opens the key files: a fresh one in the file `unlock`, or a passphrase.

    The secret of before opens nothing from now on, but old copies of the home; a serving hub goes on, and
    wants the new one at its next start. Keys that others may have are given up instead: `hub key compromise`.
    """
    from hub.bootstrap.relocking import change_unlock

    config = config_of(home)
    asked = passphrase or new_unlock_fd is not None
    fresh = new_passphrase(new_unlock_fd) if asked else None
    place = change_unlock(home, administrator(config.agency), unlock=unlock, passphrase=fresh)
    where = "the new passphrase" if place is None else str(place)
    return Answer(
        document={"opened_by": "passphrase" if place is None else "file", "file": place and str(place)},
        people=(
            f"The keys are opened by {where}: copy it to a safe, apart from the backups of the rest.",
            "Backups of keys that were made before hold the secret of before; they open as they did.",
        ),
        then=("hub key backup --out DIR      (with the new secret)",),
    )
