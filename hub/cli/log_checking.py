"""`hub log show`, `verify`, `recover`: how the log stands, whether it is what was signed, and back to it."""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import RenderableType

from hub.audit.events import Act
from hub.audit.justification import justified
from hub.audit.names import log_name
from hub.audit.trail import writes, writes_nothing
from hub.cli.answer import Answer, facts, instant
from hub.cli.frame import leaf, trail
from hub.cli.home import administrator, home_option, opened, unlock_option
from hub.errors import HubError, failure
from hub.exchange.log import recovering
from hub.exchange.log.checking import check_start
from hub.exchange.log.epochs import own_keys
from hub.exchange.log.places import Place, dump_place, is_of, load_place, place_before
from hub.exchange.log.publishing import published_checkpoint, write_whole
from hub.exchange.log.verifying import Finding, Verification
from hub.exchange.log.vouched import vouchers_of
from hub.exchange.witness.standing import witness_standing
from hub.ports import Log

if TYPE_CHECKING:
    from hub.bootstrap.secrets import Unlock

_REMEMBERED = ".verified-to"
_EVERY_STEPS = 64
_COUNTED_MOST = 100_000


@trail(writes_nothing("sizes and hashes"))
@leaf(examples=("hub log show", "hub log show --json"))
@home_option
@unlock_option
def show(home: Path, unlock: Unlock) -> Answer:
    """Show how the log stands: its size, its last checkpoint, and what waits to be logged."""
    with opened(home, unlock) as hub:
        now = hub.broker.clock.now()
        with hub.store.read() as view:
            epochs = own_keys(view.log, hub.keyring).epochs
            size, last = view.log.size(), view.log.checkpoint()
            waiting = view.log.waiting_count(_COUNTED_MOST)
        standing = witness_standing(hub.broker)
        needed = hub.broker.witnesses.needed
    keys = [key.vkey for key in epochs[-1].keys]
    document = {
        "origin": log_name(hub.config.agency),
        "size": size,
        "waiting": waiting,
        "checkpoint": None if last is None else last.number,
        "checkpoint_size": None if last is None else last.size,
        "checkpoint_at": None if last is None else instant(last.at),
        "checkpoint_age_s": None if last is None else round((now - last.at).total_seconds(), 1),
        "root": None if last is None else last.root.hex(),
        "quorum_needed": needed,
        "quorum_size": standing.quorum.size,
        "quorum_missing_since": instant(standing.quorum.missing_since) if needed else None,
        "stamped_size": 0 if standing.stamped is None else standing.stamped.size,
        "unstamped_since": instant(standing.unstamped_since) if hub.config.tsa_url else None,
        "published_at": str(home / "log"),
        "keys": keys,
        "epochs": [
            {
                "first": epoch.first,
                "last": epoch.last,
                "compromised": epoch.compromised,
                "keys": [key.vkey for key in epoch.keys],
            }
            for epoch in epochs
        ],
    }
    unsaid = {"keys", "epochs"}
    people = {name.replace("_", " "): value for name, value in document.items() if name not in unsaid}
    lines: list[RenderableType] = [facts(people), "", "Who checks the log pins these keys:", *keys]
    for epoch in epochs[:-1]:
        until = "now on, beside the new ones" if epoch.last is None else f"{epoch.last} entries"
        told = f"Keys of before, which signed from {epoch.first} to {until}:"
        lines += ["", told, *(key.vkey for key in epoch.keys)]
    return Answer(document=document, people=lines, then=("hub log verify", "hub witness show"))


@trail(writes_nothing("the log is compared with itself and with what was signed"))
@leaf(examples=("hub log verify", "hub log verify --from 0 --json"))
@click.option(
    "--from",
    "first",
    type=click.IntRange(0),
    metavar="INDEX",
    help="Begin at this entry, and take what is stored before it as it is; 0 begins anew.",
)
@home_option
@unlock_option
def verify(first: int | None, home: Path, unlock: Unlock) -> Answer:
    """Check the whole log again: each entry with its event, each tile, each checkpoint.

    A check that was broken off goes on where it was, unless --from says otherwise. The published files are
    compared too, those that are there, and cosignatures and time stamps are verified, where keys are known.
    """
    from hub.bootstrap.witnessing import stamper

    with opened(home, unlock) as hub:
        folder = hub.config.log_dir
        stamping = stamper(hub.config)
        with hub.store.read() as view:
            own = own_keys(view.log, hub.keyring)
            begun = _begin(view.log, folder, first)
            size = view.log.size()
        check = Verification(
            store=hub.store,
            own=own,
            others=vouchers_of(hub.broker, tsa_roots=() if stamping is None else stamping.roots),
            published=lambda path: _read(folder / path),
            place=begun,
        )
        _run(check, folder, size)
        published = published_checkpoint(folder)
        with hub.store.read() as view:
            last = view.log.checkpoint()
            try:
                check_start(view.log, own, published=published)
            except HubError as error:
                check.findings.append(Finding(code=error.code, index=size, sentence=error.sentence))
    if check.findings:
        raise failure(
            check.findings[0].code,
            f"The log is not what it must be; found so far: {len(check.findings)}. "
            "See the runbook, The audit log.",
            problems=check.findings,
        )
    document = {
        "verified": True,
        "from": begun.index,
        "size": check.place.index,
        "erased": check.place.erased,
        "checkpoints": check.place.number,
        "signed_size": 0 if last is None else last.size,
        "root": None if last is None else last.root.hex(),
    }
    people = {name.replace("_", " "): value for name, value in document.items()}
    return Answer(document=document, people=("The log is whole, and is what was signed.", facts(people)))


@trail(writes(Act.RECOVERED, Act.LOST))
@leaf(
    examples=(
        'hub log recover --reason "disk failed on Monday, backup of Sunday restored"',
        'hub log recover --files /mnt/mirror/log --reason "backup of Sunday restored"',
    )
)
@click.option("--reason", required=True, metavar="TEXT", help="Why; it is logged.")
@click.option(
    "--files",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Where the published files are; by default the log folder of the home.",
)
@home_option
@unlock_option
def recover(reason: str, files: Path | None, home: Path, unlock: Unlock) -> Answer:
    """Take back the entries that a restored database lost, from the published files.

    For when no newer database can be had. The log then goes on where it was; what the lost events said, and
    the records of that time, are gone.
    """
    reason = justified(reason)  # before the hub is opened: until it is recovered it logs no refusals
    with opened(home, unlock) as hub:
        folder = files or hub.config.log_dir
        before, after = recovering.recover(
            replace(hub.broker, store=hub.checked.unchecked),
            administrator(hub.config.agency),
            lambda path: _read(folder / path),
            reason=reason,
        )
    return Answer(
        document={"before": before, "recovered": after - before, "size": after},
        people=(f"Entries {before} to {after - 1} are back; what they stood for is lost.",),
        then=("hub log verify",),
    )


def _begin(log: Log, folder: Path, first: int | None) -> Place:
    """Return where to begin: as told, or where a check of this very log was broken off."""
    if first is not None:
        return place_before(log, first)
    raw = _read(folder / _REMEMBERED)
    place = None if raw is None else load_place(raw)
    return place if place is not None and is_of(log, place) else Place()


def _run(check: Verification, folder: Path, size: int) -> None:
    """Take the steps with a bar where a person watches; remember the place until the end is reached."""
    label = "Checking the log"
    steps = 0
    folder.mkdir(mode=0o755, exist_ok=True)
    try:
        with click.progressbar(
            length=size, label=label, file=sys.stderr, hidden=not sys.stderr.isatty()
        ) as bar:
            bar.update(check.place.index)
            for place in check.steps():
                bar.update(place.index - bar.pos)
                steps += 1
                if steps % _EVERY_STEPS == 0:
                    _remember(check, folder)
    except BaseException:
        _remember(check, folder)
        raise
    _forget(folder)


def _remember(check: Verification, folder: Path) -> None:
    if not check.findings:
        write_whole(folder / _REMEMBERED, dump_place(check.place))


def _forget(folder: Path) -> None:
    with suppress(FileNotFoundError):
        (folder / _REMEMBERED).unlink()


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
