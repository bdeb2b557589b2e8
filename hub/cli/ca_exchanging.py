"""`hub ca init`, `switch` and `retire`: one authority takes the place of another, and no partner is lost."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.audit.events import Act
from hub.audit.trail import writes
from hub.cli.answer import Answer, instant
from hub.cli.frame import leaf, trail
from hub.cli.home import administrator, home_option, opened, unlock_option
from hub.federation.authorities import authority_id

if TYPE_CHECKING:
    from hub.bootstrap.secrets import Unlock


@trail(writes(Act.KEY_CHANGED))
@leaf(examples=("hub ca init",))
@home_option
@unlock_option
def init(home: Path, unlock: Unlock) -> Answer:
    """Make the next certificate authority; `hub init` made the first one.

    It stands on our card beside the present one at once, and issues nothing before `hub ca switch`: give
    partners the time to take the new card.
    """
    with opened(home, unlock) as hub:
        held = hub.authority.make_next(administrator(hub.config.agency))
    return Answer(
        document={"id": authority_id(held.pem), "not_after": instant(held.certificate.not_valid_after_utc)},
        people=(f"The next authority is {authority_id(held.pem)[:16]}.",),
        then=(
            "hub partner card --out FILE      (partners take the new card)",
            "hub ca switch      (once all of them have)",
        ),
    )


@trail(writes(Act.KEY_CHANGED))
@leaf(examples=("hub ca switch",))
@home_option
@unlock_option
def switch(home: Path, unlock: Unlock) -> Answer:
    """Let the next authority issue from now on, the hub's own certificate first.

    The one before stays on our card, and what it issued stays valid, until `hub ca retire`.
    """
    with opened(home, unlock) as hub:
        held = hub.authority.switch(administrator(hub.config.agency))
    return Answer(
        document={"id": authority_id(held.pem)},
        people=(f"{authority_id(held.pem)[:16]} issues now; the hub has a certificate of it.",),
        then=("hub ca list      (members' certificates of the one before)", "hub ca retire"),
    )


@trail(writes(Act.KEY_CHANGED))
@leaf(examples=("hub ca retire --yes",))
@click.option("--yes", is_flag=True, help="Do not ask.")
@home_option
@unlock_option
def retire(yes: bool, home: Path, unlock: Unlock) -> Answer:
    """Take the authorities before the present one off our card and destroy their keys.

    What they issued is refused from then on: members that show a certificate of theirs get a new one first.
    """
    if not yes:
        click.confirm("Their keys are destroyed for good. Go on?", abort=True, err=True)
    with opened(home, unlock) as hub:
        ids = hub.authority.retire(administrator(hub.config.agency))
    return Answer(document={"retired": list(ids)}, people=(f"Retired: {len(ids)}.",))
