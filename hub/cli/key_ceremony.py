"""`hub key ceremony`: custodians make a hub's keys before witnesses, step by step, with a signed protocol."""

from __future__ import annotations

import json
import secrets
import tomllib
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from hub.audit.events import Act
from hub.audit.trail import writes
from hub.cli.answer import Answer
from hub.cli.files import new_folder, read_text
from hub.cli.frame import leaf, trail
from hub.cli.home import administrator, config_of, home_option, unlock_option
from hub.cli.key_backup import inventory_page, share_page, show_shares
from hub.errors import Refused

if TYPE_CHECKING:
    from hub.bootstrap.backing_up import MadeBackup
    from hub.bootstrap.ceremony import Ceremony, Plan
    from hub.bootstrap.secrets import Unlock

_PARTS: Final = ("custodian", "witness", "operator")
SCRIPT: Final = """\
THE SCRIPT OF A KEY CEREMONY

Before  A machine that nothing else runs on, without network and swap; a printer beside it; for each custodian
        an envelope that shows when it was opened; this script and a watch for everybody.
Who     Custodians, each of whom will keep one share: at least two, better five. A witness of another office,
        who gets no share and may stop it at any step. An operator, who types.
 1      The operator names everybody, place and purpose. All compare their watches with the machine's clock.
 2      The machine is looked at. What needs attention is said aloud; all accept it, or it ends here.
 3      The keys are made.
 4      The witness reads the twelve words of the card aloud; a custodian compares them with the screen.
 5      The backup is made. Each custodian gets one share, sees it alone, puts it into the envelope.
 6      As many custodians as are needed hand their shares in: the backup is opened in a folder of its own,
        and every key in it. That folder is destroyed. The shares go back into their envelopes.
 7      All pages and files of shares on the machine are destroyed. The protocol is printed, and everybody
        signs it by hand. The hub signs it too, and its log says that the ceremony took place.
After   The backup goes to two places that are not the custodians' homes. `hub partner card` is given to the
        partners. A copy of the protocol goes to the witness's office.
"""


@trail(writes(Act.KEY_CHANGED))
@leaf(
    examples=(
        "hub key ceremony --home /var/lib/hub --agency kz-knb -o ceremony-2026",
        "hub key ceremony --home /var/lib/hub --agency kz-knb -o ceremony-2026 --answers answers.toml",
        "hub key ceremony --home /var/lib/hub --script",
    )
)
@click.option(
    "-o",
    "--output",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="A new folder for protocol, backup and shares; it is carried away from the machine.",
)
@click.option("--agency", default="", metavar="ID", help="Make the hub of this agency in the home.")
@click.option("--url", default="", metavar="URL", help="How partners will call it.")
@click.option("--answers", metavar="FILE", help="A TOML file that answers for all present, for rehearsals.")
@click.option(
    "--show", is_flag=True, help="Show the shares one at a time and have them typed back; write none."
)
@click.option("--script", is_flag=True, help="Only print the script of a ceremony, for everybody.")
@home_option
@unlock_option
def ceremony(
    output: Path | None,
    agency: str,
    url: str,
    answers: str | None,
    show: bool,
    script: bool,
    home: Path,
    unlock: Unlock,
) -> Answer:
    """Make a hub's keys with custodians and witnesses present, and a protocol that all sign.

    It checks the machine, makes the keys (or takes those that `hub init` has just made, for a hub with a
    token), compares the card's words, hands out shares of a backup, restores it as a test in a folder that is
    destroyed, and signs the protocol with the new keys. It asks; --answers answers in place of people.
    """
    if script:
        return Answer(document={"script": SCRIPT}, people=(SCRIPT,))
    if output is None or output.exists():
        raise Refused("file-exists", "Name a folder with -o that is not there yet.")
    from hub.bootstrap.ceremony import hold_ceremony
    from hub.bootstrap.ceremony_page import protocol_page
    from hub.bootstrap.making import init_hub

    told = None if answers is None else _answers(answers)
    plan = _plan(_asked() if told is None else told)
    room = People(show=show) if told is None else Rehearsal()
    fresh = not (home / "hub.toml").exists()
    if fresh and not agency:
        raise Refused("request-invalid", f"{home} holds no hub; --agency says whose to make.")
    done = hold_ceremony(
        home,
        administrator(agency or config_of(home).agency),
        plan,
        room,
        make=partial(init_hub, home, agency=agency, url=url) if fresh else None,
        unlock=unlock,
    )
    with new_folder(output, _files(done, protocol_page(done.protocol), with_shares=not show)) as written:
        pass
    header = done.backup.backup.header
    return Answer(
        document={
            "agency": header.agency,
            "protocol": dict(done.protocol),
            "files": [str(path) for path in written],
        },
        people=(
            f"The keys of {header.agency} are made; the protocol is in {output / 'protocol.txt'}.",
            f"Any {header.threshold} of {header.shares} custodians restore them.",
            "Print the protocol and have everybody sign it; destroy what is left of the shares here.",
        ),
        then=("hub partner card --out OURS.card", "hub key doctor"),
    )


class Rehearsal:
    """Answers every question with yes: for tests and rehearsals. Implements `hub.bootstrap.ceremony.Room`."""

    def tell(self, text: str) -> None:
        """Say it on standard error."""
        click.echo(text, err=True)

    def confirm(self, question: str) -> None:
        """Take it as confirmed."""
        click.echo(f"confirmed: {question}", err=True)

    def compare(self, told: Sequence[str]) -> None:
        """Show the words."""
        click.echo(f"words: {' '.join(told)}", err=True)

    def hand_out(self, made: MadeBackup, custodians: Sequence[str]) -> None:
        """Leave the shares to the files."""

    def take_back(self, made: MadeBackup) -> Sequence[str]:
        """Return the last shares, as many as are needed."""
        return made.shares.shares[-made.shares.threshold :]


class People:
    """People at a terminal. Implements `hub.bootstrap.ceremony.Room`."""

    def __init__(self, *, show: bool) -> None:
        self._show = show
        self._custodians: Sequence[str] = ()

    def tell(self, text: str) -> None:
        """Say it on the screen."""
        click.echo(text, err=True)

    def confirm(self, question: str) -> None:
        """Have the operator type yes, for all."""
        click.echo(f"\n{question}", err=True)
        if click.prompt("Type yes when all agree", err=True).strip().lower() != "yes":
            raise Refused("interrupted", "The ceremony was ended by those present; nothing is signed.")

    def compare(self, told: Sequence[str]) -> None:
        """Show the words, and ask the witness for one of them by its number."""
        click.echo(
            f"\nThe card's words:  {' '.join(told[:6])}\n                   {' '.join(told[6:])}", err=True
        )
        number = secrets.randbelow(len(told))
        typed = click.prompt(f"The witness says word {number + 1}, a custodian types it", err=True)
        if typed.strip().lower() != told[number]:
            raise Refused("pin-not-confirmed", "That is not the word; nobody has compared them. Begin anew.")

    def hand_out(self, made: MadeBackup, custodians: Sequence[str]) -> None:
        """Show each custodian a share alone, where none are written."""
        self._custodians = custodians
        if self._show:
            show_shares(made, custodians)

    def take_back(self, made: MadeBackup) -> Sequence[str]:
        """Have shares typed back, where they were only shown; else take those that will be written."""
        from keys.shares import read_share

        if not self._show:
            return made.shares.shares[: made.shares.threshold]
        words: list[str] = []
        while len(set(words)) < made.shares.threshold:
            typed = click.prompt(
                f"Share {len(set(words)) + 1} of {made.shares.threshold}, typed back", err=True
            )
            click.clear()
            try:
                words.append(read_share(typed))
            except Refused as refusal:
                click.echo(refusal.sentence, err=True)
        return words


def _files(done: Ceremony, page: str, *, with_shares: bool) -> dict[str, str | bytes]:
    made = done.backup
    header = made.backup.header
    holders = [str(one) for one in _holders(done.protocol)]
    files: dict[str, str | bytes] = {
        "protocol.txt": page,
        "protocol.json": json.dumps(done.protocol, ensure_ascii=False, indent=1) + "\n",
        "protocol.jws": done.signed,
        f"{header.agency}.keys": made.backup.as_bytes(),
        "inventory.txt": inventory_page(made.backup),
    }
    if with_shares:
        for number in range(1, header.shares + 1):
            files[f"share-{number}-of-{header.shares}.txt"] = share_page(made, number, holders)
    return files


def _holders(protocol: Mapping[str, Any]) -> Sequence[str]:
    return [one["custodian"] for one in protocol["backup"]["holders"]]


def _answers(name: str) -> Mapping[str, Any]:
    try:
        return tomllib.loads(read_text(name))
    except tomllib.TOMLDecodeError as error:
        raise Refused("request-invalid", f"{name} is not TOML: {error}.") from None


def _asked() -> Mapping[str, Any]:
    """Ask who is present, where and why."""
    place = click.prompt("Place", err=True)
    purpose = click.prompt("Purpose", err=True)
    present = []
    for part in _PARTS:
        while name := click.prompt(f"Name of a {part}, or nothing", default="", show_default=False, err=True):
            present.append({"name": name, "agency": click.prompt("  Agency", err=True), "part": part})
    threshold = click.prompt("How many custodians restore the keys", type=int, err=True)
    return {"place": place, "purpose": purpose, "present": present, "threshold": threshold}


def _plan(told: Mapping[str, Any]) -> Plan:
    from hub.bootstrap.ceremony import Part, Plan, Present

    try:
        if unknown := sorted(told.keys() - {"place", "purpose", "present", "threshold"}):
            raise ValueError(f"{unknown[0]} is not known here")
        return Plan(
            place=str(told["place"]),
            purpose=str(told["purpose"]),
            present=tuple(
                Present(name=str(one["name"]), agency=str(one["agency"]), part=Part(one["part"]))
                for one in told["present"]
            ),
            threshold=int(told["threshold"]),
        )
    except (KeyError, TypeError) as error:
        raise Refused("request-invalid", f"The ceremony lacks {error}.") from None
    except ValueError as error:
        raise Refused("request-invalid", f"The ceremony cannot be held: {error}.") from None
