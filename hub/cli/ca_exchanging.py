"""`hub ca init`, `switch`, `retire`, `foreign-…`: one authority for another, and no partner is lost."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.audit.events import Act
from hub.audit.trail import writes
from hub.cli.answer import Answer, instant
from hub.cli.files import read_bytes, write_bytes
from hub.cli.frame import leaf, trail
from hub.cli.home import administrator, home_option, opened, unlock_option
from hub.exchange.cards.telling import unaware
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
            "hub ca show --out FILE      (members' systems check the hub by it: hand it to them)",
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
        lacking = unaware(hub.broker)
        held = hub.authority.switch(administrator(hub.config.agency))
    told = f"They have not confirmed a card with it, and refuse us until they pin one: {', '.join(lacking)}."
    return Answer(
        document={"id": authority_id(held.pem), "unaware": list(lacking)},
        people=(
            f"{authority_id(held.pem)[:16]} issues now; the hub has a certificate of it.",
            *((told,) if lacking else ()),
        ),
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


@trail(writes(Act.KEY_CHANGED))
@leaf("foreign-request", examples=("hub ca foreign-request --out hub.csr --host-name hub.bka.example",))
@click.option(
    "--host-name", "host_names", multiple=True, metavar="NAME", help="These names, not those of the hub."
)
@click.option("--again", is_flag=True, help="Beside a request that is out: either may be answered.")
@click.option(
    "--out", required=True, metavar="FILE", type=click.Path(path_type=Path), help="Where to write it."
)
@home_option
@unlock_option
def foreign_request(
    host_names: tuple[str, ...], again: bool, out: Path, home: Path, unlock: Path | None
) -> Answer:
    """Ask a foreign authority, like a government's, for the hub's certificate: write a request for it.

    The key is made here and stays here. Once the hub has a foreign certificate, its card pins the new key
    from now on, so that partners know it before it is used.
    """
    with opened(home, unlock) as hub:
        raw = hub.leaf.request_foreign(administrator(hub.config.agency), host_names, again=again)
    write_bytes(out, raw)
    return Answer(
        document={"file": str(out)},
        people=(f"The request is in {out}; hand it to the authority.",),
        then=("hub ca foreign-install CERTIFICATE --chain FILE",),
    )


@trail(writes(Act.KEY_CHANGED))
@leaf("foreign-install", examples=("hub ca foreign-install hub.pem --chain ministry.pem",))
@click.argument("certificate", metavar="CERTIFICATE", help="What the authority issued, as PEM.")
@click.option(
    "--chain", required=True, metavar="FILE", help="Its issuer, then those above to the root, as PEM."
)
@home_option
@unlock_option
def foreign_install(certificate: str, chain: str, home: Path, unlock: Path | None) -> Answer:
    """Answer and call with a foreign authority's certificate from now on; partners need our new card first.

    The card carries the chain, the certificate's key and names, and where its authority says what it
    revoked. Our own authority goes on issuing for members.
    """
    leaf_pem, chain_pem = read_bytes(certificate), read_bytes(chain)
    with opened(home, unlock) as hub:
        ending = hub.leaf.install_foreign(administrator(hub.config.agency), leaf_pem, chain_pem)
    return Answer(
        document={"thumbprint": ending.thumbprint, "not_after": instant(ending.not_after)},
        people=(f"The hub's certificate is valid until {ending.not_after:%Y-%m-%d}.",),
        then=("hub partner card --out FILE      (partners take the new card)",),
    )
