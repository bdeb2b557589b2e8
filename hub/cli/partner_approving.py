"""`hub partner approve-card`: let a partner's next card take the place of the pinned one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.audit.events import Act
from hub.audit.trail import writes
from hub.cli.answer import Answer, instant
from hub.cli.frame import leaf, trail
from hub.cli.home import administrator, home_option, opened, unlock_option
from hub.exchange.cards.following import approve_card

if TYPE_CHECKING:
    from hub.bootstrap.secrets import Unlock


@trail(writes(Act.PARTNER_CHANGED))
@leaf("approve-card", examples=("hub partner approve-card cis-atc",))
@click.argument("agency", help="Its id, like cis-atc.")
@home_option
@unlock_option
def approve_waiting(agency: str, home: Path, unlock: Unlock) -> Answer:
    """Pin the card of a partner that waits, where hub.toml says `card_succession = "confirm"`.

    Its pinned keys have signed it, so no words are compared; `hub key list` shows whose cards wait.
    """
    with opened(home, unlock) as hub:
        row = approve_card(hub.broker, administrator(hub.config.agency), agency)
    return Answer(
        document={
            "agency": row.agency,
            "fingerprint": row.fingerprint,
            "pinned_at": instant(row.pinned_at),
            "pinned_by": row.pinned_by,
        },
        people=(f"The next card of {agency} is pinned.",),
    )
