"""Change the secret that opens the key files of a home: another one in a file, or a passphrase."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Final

from hub.audit.events import Act
from hub.bootstrap.custody import open_with, policy_for, read_unlock, token_for
from hub.bootstrap.opening import open_hub
from hub.bootstrap.secrets import Unlock
from hub.config import Config, load_config
from hub.errors import OurFault, Refused
from hub.policy.decision import require
from hub.policy.four_eyes import may_administer
from hub.records.actor import Actor
from keys.keyring import FileKeyring
from keys.relocking import relock
from keys.sealing import PASSPHRASE_COST, RANDOM_COST, write_private
from keys.secret import Secret

#: Where the next secret lies until store.json was written: after a crash it may be the one that opens.
_NEXT: Final = "unlock.next"


def change_unlock(home: Path, actor: Actor, *, unlock: Unlock, passphrase: Secret | None) -> Path | None:
    """Let a passphrase, or a fresh secret in a file, open the keys from now on; return that file.

    A serving hub goes on. Whoever has the secret of before and an old copy of the files can still open these.
    Raises Refused `role-missing`, `home-missing`, `transition-invalid` where a token opens the files.
    """
    require(may_administer(actor))
    if not (home / "hub.toml").exists():
        raise Refused("home-missing", f"{home} holds no hub; `hub init --home {home} --agency ID` makes one.")
    config = load_config(home)
    if config.token is not None and config.token.unlock:
        raise Refused(
            "transition-invalid", "The token opens these keys, and not a secret that is changed here."
        )
    _finish(config)
    secret = read_unlock(home, unlock)
    try:
        keyring = open_with(config, secret, token_for(config, unlock), policy_for(config))
    finally:
        secret.wipe()
    place = None if passphrase is not None else home / "unlock"
    fresh = passphrase or Secret(secrets.token_hex(32).encode())
    try:
        if place is not None:
            write_private(home / _NEXT, bytes(fresh.reveal()) + b"\n")
        cost = RANDOM_COST if passphrase is None else PASSPHRASE_COST
        relock(config.keys_dir, keyring.sealer, unlock=fresh.reveal(), cost=cost)
    finally:
        fresh.wipe()
    _put_in_place(home, place)
    with open_hub(home, keyring=keyring) as hub, hub.store.work() as work:
        told = {"step": "unlock-changed", "opened_by": "file" if place else "passphrase"}
        work.stage([hub.broker.event(Act.KEY_CHANGED, actor, config.agency, hub.broker.clock.now(), **told)])
        work.commit()
    return place


def _put_in_place(home: Path, place: Path | None) -> None:
    if place is not None:
        (home / _NEXT).replace(place)
    else:
        (home / "unlock").unlink(missing_ok=True)


def _finish(config: Config) -> None:
    """Finish a change that was broken off: where the next secret opens the store, it is the one in force."""
    waiting = config.home / _NEXT
    if not waiting.exists():
        return
    secret = read_unlock(config.home, waiting)
    try:
        FileKeyring.open(
            config.keys_dir, agency=config.agency, unlock=secret.reveal(), policy=policy_for(config)
        )
    except OurFault:
        waiting.unlink()  # store.json was not written any more
    else:
        waiting.replace(config.home / "unlock")
    finally:
        secret.wipe()
