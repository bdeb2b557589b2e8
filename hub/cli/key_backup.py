"""`hub key backup` and `hub key restore`: all keys in one file, opened by m of n shares of its secret."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from hub.audit.events import Act
from hub.audit.trail import writes
from hub.cli.answer import Answer, instant
from hub.cli.files import new_folder, read_bytes, read_text
from hub.cli.frame import leaf, trail
from hub.cli.home import administrator, config_of, home_option, unlock_option
from hub.errors import Refused

if TYPE_CHECKING:
    from hub.bootstrap.backing_up import MadeBackup
    from hub.bootstrap.secrets import Unlock
    from keys.backup import Backup, BackupHeader

_SHARE_BYTES_MAX: Final = 16 * 1024

#: What follows a restoration; a new home has no database, and the log is read from it.
_NEXT: Final = "hub log verify      (once the database is in its place)"


@trail(writes(Act.KEY_CHANGED))
@leaf(
    examples=(
        "hub key backup -o backup-2026 --shares 5 --threshold 3",
        "hub key backup -o backup-2026 --shares 5 --threshold 3 --show",
    )
)
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="A new folder for the backup, its list of keys, and the shares.",
)
@click.option("--shares", required=True, type=click.IntRange(2, 16), metavar="N", help="How many shares.")
@click.option(
    "--threshold",
    required=True,
    type=click.IntRange(2, 16),
    metavar="M",
    help="How many of them restore the keys.",
)
@click.option(
    "--custodian",
    "custodians",
    multiple=True,
    metavar="NAME",
    help="Who gets a share, in their order; printed on it. Repeat it for each.",
)
@click.option(
    "--show", is_flag=True, help="Show the shares on the screen, one at a time, instead of writing them."
)
@home_option
@unlock_option
def backup(
    output: Path,
    shares: int,
    threshold: int,
    custodians: tuple[str, ...],
    show: bool,
    home: Path,
    unlock: Unlock,
) -> Answer:
    """Back up all keys that lie in files, and the secret that opens them, for several custodians together.

    The file is encrypted; its secret is split into N shares of 33 words each, of which any M restore the keys
    and fewer tell nothing. Keys in a token never leave it: they are listed as not in the backup.
    """
    from hub.bootstrap.backing_up import backup_keys

    if len(custodians) > shares:
        raise Refused("request-invalid", f"{len(custodians)} custodians are named, for {shares} shares.")
    if output.exists():
        raise Refused("file-exists", f"{output} is there already; name a new folder.")
    config = config_of(home)
    made = backup_keys(home, administrator(config.agency), unlock=unlock, shares=shares, threshold=threshold)
    written = write_backup(output, made, custodians, with_shares=not show)
    if show:
        show_shares(made, custodians)
    header = made.backup.header
    document = {
        "backup": header.backup_id,
        "agency": header.agency,
        "made_at": instant(header.made_at),
        "checksum": made.backup.checksum,
        "shares": shares,
        "threshold": threshold,
        "keys": [dict(one) for one in header.keys],
        "not_in_it": [dict(one) for one in header.absent],
        "files": [str(path) for path in written],
    }
    people = [
        f"{len(header.keys)} keys of {header.agency} are in {written[0]}.",
        f"Any {threshold} of the {shares} shares restore them; each goes to another custodian.",
        f"Checksum: {made.backup.checksum}",
    ]
    if header.absent:
        people.append(f"Not in it, because they never leave their token: {_told(header.absent)}.")
    return Answer(
        document=document,
        people=people,
        then=(f"hub key restore {written[0]} --check      (with {threshold} shares; it changes nothing)",),
    )


@trail(writes(Act.KEY_CHANGED))
@leaf(
    examples=(
        "hub key restore kz-knb.keys",
        "hub key restore kz-knb.keys --share share-1-of-5.txt --share share-4-of-5.txt",
        "hub key restore kz-knb.keys --check",
    )
)
@click.argument("file", metavar="FILE", help="The backup that `hub key backup` wrote.")
@click.option(
    "--share",
    "shares",
    multiple=True,
    metavar="FILE",
    help="A share's page. Those that are missing are asked for, word by word as they are printed.",
)
@click.option("--check", is_flag=True, help="Only see whether the shares open every key; change nothing.")
@click.option("--replace", is_flag=True, help="Move keys that are there aside, and restore in their place.")
@home_option
def restore(file: str, shares: tuple[str, ...], check: bool, replace: bool, home: Path) -> Answer:
    """Restore all keys from a backup and enough of its shares, into this home, which may be new.

    It needs nothing else: the secret that opens the keys comes back too, as the file `unlock`; hand it over
    again as before. The database is restored by itself (see the runbook, Restore the keys).
    """
    from hub.bootstrap.backing_up import check_backup, restore_keys
    from keys.backup import BACKUP_MAX_BYTES, read_backup

    raw = read_bytes(file, max_bytes=BACKUP_MAX_BYTES)
    header = read_backup(raw).header
    words = _gathered(header, shares)
    if check:
        with tempfile.TemporaryDirectory(prefix="hub-keys-") as folder:
            opened = len(check_backup(raw, words, folder=Path(folder)))
        people = [f"The shares open all {opened} keys of this backup; nothing was changed."]
    else:
        restore_keys(home, administrator(header.agency), raw, words, replace=replace)
        opened = len(header.keys)
        people = [f"{opened} keys of {header.agency} are back in {home / 'keys'}."]
        if (home / "unlock").exists():
            people.append(
                f"What opens them is in {home / 'unlock'} again: keep it apart from backups of the rest, "
                "or let another secret open them with `hub key relock`."
            )
        if header.absent:
            people.append(f"Not among them, because they lie in a token: {_told(header.absent)}.")
    document = {
        "backup": header.backup_id,
        "agency": header.agency,
        "made_at": instant(header.made_at),
        "restored": not check,
        "keys": opened,
        "not_in_it": [dict(one) for one in header.absent],
    }
    return Answer(document=document, people=people, then=() if check else (_NEXT,))


def write_backup(
    folder: Path, made: MadeBackup, custodians: Sequence[str], *, with_shares: bool
) -> tuple[Path, ...]:
    """Write a backup, its list of keys and maybe the pages of its shares into a new folder, for its owner."""
    header = made.backup.header
    files: dict[str, str | bytes] = {
        f"{header.agency}.keys": made.backup.as_bytes(),
        "inventory.txt": inventory_page(made.backup),
    }
    if with_shares:
        for number in range(1, header.shares + 1):
            files[f"share-{number}-of-{header.shares}.txt"] = share_page(made, number, custodians)
    with new_folder(folder, files) as written:
        return written


def inventory_page(backup: Backup) -> str:
    """Return what is in a backup, and what is not, as a page to print."""
    header = backup.header
    lines = [
        f"Backup of the keys of {header.agency}",
        f"made      {header.made_at:%Y-%m-%d %H:%M} UTC",
        f"id        {header.backup_id}",
        f"checksum  {backup.checksum}",
        f"shares    any {header.threshold} of {header.shares}",
        "",
        f"In it, {len(header.keys)} keys:",
        *(f"  {one['purpose']:<18} {one['state']:<12} {one['id']}" for one in header.keys),
    ]
    if header.absent:
        told = (f"  {one['purpose']:<18} {one['state']:<12} {one['id']}" for one in header.absent)
        lines += ["", f"Not in it, {len(header.absent)} keys that never leave their token:", *told]
    return "\n".join(lines) + "\n"


def share_page(made: MadeBackup, number: int, custodians: Sequence[str]) -> str:
    """Return the page of one share, as its custodian gets it."""
    from keys.shares import printed_words

    header = made.backup.header
    custodian = custodians[number - 1] if number <= len(custodians) else ""
    words = made.shares.shares[number - 1]
    return f"""\
Share {number} of {header.shares} of the keys of {header.agency}
Custodian  {custodian or "______________________________"}
Backup     {header.backup_id}
made       {header.made_at:%Y-%m-%d %H:%M} UTC
checksum   {made.backup.checksum}

{printed_words(words)}

Any {header.threshold} of the {header.shares} shares, with the file {header.agency}.keys, restore all keys.
Keep this page apart from that file and from every other share. Do not copy, photograph or type it,
except to restore:  hub key restore {header.agency}.keys --home DIR
and type the {len(words.split())} words in their order when the command asks for a share.
"""


def show_shares(made: MadeBackup, custodians: Sequence[str]) -> None:
    """Show each share alone on the screen, until its custodian has written it down; clear it then."""
    for number in range(1, made.backup.header.shares + 1):
        click.clear()
        click.echo(share_page(made, number, custodians), err=True)
        click.pause("Its custodian alone looks, writes the words down, and presses a key.", err=True)
    click.clear()


def _gathered(header: BackupHeader, files: Sequence[str]) -> list[str]:
    """Return the words of enough shares: from the files that were named, the others typed."""
    from keys.shares import read_share

    words = [read_share(_page(name), called=name) for name in files]
    while len(set(words)) < header.threshold and sys.stdin.isatty():
        asked = f"Share {len(set(words)) + 1} of {header.threshold} that are needed"
        typed = click.prompt(asked, err=True)
        click.clear()  # the next custodian does not see it
        try:
            words.append(read_share(typed))
        except Refused as refusal:
            click.echo(refusal.sentence, err=True)
    return words


def _page(name: str) -> str:
    if name != "-" and Path(name).is_file() and Path(name).stat().st_size > _SHARE_BYTES_MAX:
        raise Refused("share-invalid", f"{name} is too large to be the page of a share.")
    return read_text(name)


def _told(absent: Sequence[Mapping[str, str]]) -> str:
    return ", ".join(sorted({one["purpose"] for one in absent}))
