"""Back the keys up into one file and shares of its secret, and restore them from enough of the shares."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from hub.audit.events import Act
from hub.bootstrap.custody import open_with, policy_for, token_for, unlock_secret
from hub.bootstrap.opening import open_hub
from hub.bootstrap.secrets import Unlock
from hub.config import Config, load_config
from hub.errors import HubError, IntegrityFailure, Refused
from hub.exchange.broker import Broker
from hub.exchange.keys.restoring import give_up_again
from hub.policy.decision import require
from hub.policy.four_eyes import may_administer
from hub.ports import Custody
from hub.records.actor import Actor
from keys.algorithms import public_of
from keys.backup import Backup, BackupHeader, Contents, make_backup, open_backup, read_backup
from keys.file_keys import FileKeys
from keys.file_store import sealer_of
from keys.inventory import KeyEntry, Where, read_inventory
from keys.locks import changing
from keys.purposes import ALGORITHMS
from keys.sealing import sync_directory, write_private
from keys.shares import ShareSet

#: Which keys the newest backup has; beside the keys, so that a restored store says it of itself.
BACKED_UP: Final = "backed-up.json"
#: Says that keys were restored and that the log does not have it yet.
RESTORED: Final = "restored.json"


@dataclass(frozen=True, kw_only=True)
class MadeBackup:
    """A backup that is logged, and not written anywhere yet."""

    backup: Backup
    shares: ShareSet = field(repr=False)


def backup_keys(home: Path, actor: Actor, *, unlock: Unlock, shares: int, threshold: int) -> MadeBackup:
    """Return a backup of all keys that lie in files; that it was made is logged before it leaves.

    Raises Refused `role-missing`, `home-missing`, and `request-invalid` for impossible numbers of shares.
    """
    require(may_administer(actor))
    config = _config_of(home)
    token = token_for(config, unlock)
    secret = unlock_secret(config, unlock, token)
    try:
        keyring = open_with(config, secret, token, policy_for(config))
        with open_hub(home, keyring=keyring) as hub, changing(config.keys_dir):
            backup, made = make_backup(
                config.keys_dir,
                agency=config.agency,
                unlock=secret.reveal(),
                config=(home / "hub.toml").read_text(encoding="utf-8"),
                shares=shares,
                threshold=threshold,
                at=hub.broker.clock.now(),
            )
            _log(
                hub.broker,
                actor,
                step="keys-backed-up",
                backup=backup.header.backup_id,
                checksum=backup.checksum,
                shares=str(shares),
                threshold=str(threshold),
                keys=str(len(backup.header.keys)),
                absent=str(len(backup.header.absent)),
            )
            write_private(config.keys_dir / BACKED_UP, _covered(backup.header))
    finally:
        secret.wipe()
    return MadeBackup(backup=backup, shares=made)


def covered_keys(directory: Path) -> tuple[datetime | None, frozenset[str]]:
    """Return when the newest backup was made and the ids of the keys in it; None where there is none."""
    try:
        told = json.loads((directory / BACKED_UP).read_bytes())
        return datetime.fromisoformat(told["made_at"]), frozenset(told["keys"])
    except (OSError, ValueError, KeyError, TypeError):
        return None, frozenset()


def check_backup(raw: bytes, shares: Sequence[str], *, folder: Path) -> Sequence[KeyEntry]:
    """Open every key of a backup in a folder that is empty, and return them; nothing else is touched.

    Raises IntegrityFailure `backup-invalid`, Refused `share-foreign`, `shares-too-few`.
    """
    backup = read_backup(raw)
    contents = open_backup(backup, shares)
    directory = folder / "keys"
    _write_store(directory, contents)
    return _opened(directory, backup.header, contents)


def restore_keys(
    home: Path, actor: Actor, raw: bytes, shares: Sequence[str], *, replace: bool = False
) -> BackupHeader:
    """Put the keys of a backup into a home that has none, or with `replace` in the place of those it has.

    Files that were there are moved aside and kept. All or nothing: the keys are opened before they are put
    in place. Where the home has a database the restoring is logged there; without one, at the next start.
    Raises as `check_backup`, and Refused `home-exists` and `conflict`.
    """
    require(may_administer(actor))
    backup = read_backup(raw)
    header = backup.header
    contents = open_backup(backup, shares)
    _refuse_unfitting(home, header, contents, replace=replace)
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = home / f".keys.{os.urandom(4).hex()}"
    try:
        _write_store(fresh, contents)
        _opened(fresh, header, contents)
        told = {"backup": header.backup_id, "made_at": header.made_at.isoformat(), "by": str(actor)}
        write_private(fresh / RESTORED, json.dumps(told).encode())
        _aside(home / "keys")
        fresh.rename(home / "keys")
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    sync_directory(home)
    _put(home / "unlock", contents.unlock + b"\n")
    if not (home / "hub.toml").exists():
        write_private(home / "hub.toml", contents.config.encode())
    # No database, or one whose log must be put right first: then the next start logs it.
    with suppress(HubError), open_hub(home, unlock=home / "unlock") as hub:
        log_restored(hub.broker, hub.custody, hub.config)
    return header


def log_restored(broker: Broker, custody: Custody, config: Config) -> None:
    """Log that keys were restored, where the log does not have it yet, and give up what was given up before.

    The files come first: after a crash between the two the mark is still there, and this is done again.
    """
    mark = config.keys_dir / RESTORED
    try:
        told: Mapping[str, str] = json.loads(mark.read_bytes())
    except FileNotFoundError:
        return
    _log(
        broker,
        broker.itself,
        step="keys-restored",
        backup=told["backup"],
        backup_made_at=told["made_at"],
        by=told["by"],
    )
    give_up_again(broker, custody, broker.itself)
    mark.unlink()


def _log(broker: Broker, actor: Actor, **details: str) -> None:
    event = broker.event(Act.KEY_CHANGED, actor, broker.agency, broker.clock.now(), **details)
    with broker.store.work() as work:
        work.stage([event])
        work.commit()


def _config_of(home: Path) -> Config:
    if not (home / "hub.toml").exists():
        raise Refused("home-missing", f"{home} holds no hub; `hub init --home {home} --agency ID` makes one.")
    return load_config(home)


def _covered(header: BackupHeader) -> bytes:
    told = {
        "backup": header.backup_id,
        "made_at": header.made_at.isoformat(),
        "keys": [one["id"] for one in header.keys],
    }
    return json.dumps(told).encode()


def _refuse_unfitting(home: Path, header: BackupHeader, contents: Contents, *, replace: bool) -> None:
    if (home / "hub.toml").exists() and (agency := load_config(home).agency) != header.agency:
        raise Refused("conflict", f"{home} is the hub of {agency}, and this backup is of {header.agency}.")
    if (home / "keys").exists() and not replace:
        raise Refused(
            "home-exists", f"{home / 'keys'} is there; --replace moves it aside and puts the backup there."
        )
    there = home / "unlock"
    if there.exists() and there.read_bytes().strip() != contents.unlock and not replace:
        raise Refused("conflict", f"{there} is another secret; --replace moves it aside.")


def _write_store(directory: Path, contents: Contents) -> None:
    directory.mkdir(mode=0o700, parents=True)
    for name, held in contents.files.items():
        path = directory / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(path, held)


def _opened(directory: Path, header: BackupHeader, contents: Contents) -> Sequence[KeyEntry]:
    """Open each key where it lies, and compare it with its public half; keys in a token are not asked for."""
    inventory = read_inventory(directory, agency=header.agency)
    files = FileKeys(
        directory=directory,
        sealer=sealer_of(inventory.derivation, header.agency, contents.unlock, inventory.wrapped),
    )
    found = [entry for entry in inventory.entries if entry.held and entry.where is Where.FILE]
    for entry in found:
        public = public_of(ALGORITHMS[entry.purpose], files.load(entry))
        if entry.public is not None and public != entry.public:
            raise IntegrityFailure(
                "backup-invalid", f"The {entry.purpose.value} key {entry.key_id} is not the one on record."
            )
    return found


def _put(path: Path, held: bytes) -> None:
    if path.exists() and path.read_bytes() == held:
        return
    _aside(path)
    write_private(path, held)


def _aside(path: Path) -> None:
    """Move what is there to a name that says so; it is never overwritten."""
    if path.exists():
        number = 1
        while (other := path.with_name(f"{path.name}.before-{number}")).exists():
            number += 1
        path.rename(other)
