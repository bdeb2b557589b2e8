"""`hub directory`: found, join, change, publish and follow a directory of agencies."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.audit.events import Act
from hub.audit.trail import writes
from hub.cli.answer import Answer
from hub.cli.card_words import confirmed_root, spoken
from hub.cli.directory_changing import approve, init, propose, root_key_option
from hub.cli.directory_status import shown, status
from hub.cli.files import read_bytes, write_bytes
from hub.cli.frame import SOME_DIGEST, Noun, trail
from hub.cli.home import administrator, home_option, opened, unlock_option
from hub.errors import Refused
from hub.exchange.directory import joining, publishing, refreshing
from hub.federation.card import words
from hub.federation.directory.changes import CHANGE_MAX_BYTES, is_change, read_change
from hub.federation.directory.documents import foundation_of, read_document, root_fingerprint
from hub.federation.directory.joining import read_joining
from hub.records.ids import is_agency

if TYPE_CHECKING:
    from hub.bootstrap.opening import Hub
    from hub.bootstrap.secrets import Unlock

_new_file = click.Path(path_type=Path, dir_okay=False)


@click.group(cls=Noun)
def directory() -> None:
    """Follow a directory of agencies, which proposes partners and never pins one; found and change one."""


for command in (init, propose, approve):
    directory.add_command(command)


@trail(writes(Act.DIRECTORY_CHANGED))
@directory.command(
    examples=(
        "hub directory join -o kz-knb.join",
        "hub directory join -o kz-knb.join --founder --root-key /media/safe/root.key",
        'hub directory join --from cis-atc --confirm "w1 w2 w3 w4 w5 w6 w7 w8 w9 w10 w11 w12"',
        f"hub directory join --from /media/courier --once --fingerprint {SOME_DIGEST}",
    )
)
@click.option("-o", "--output", metavar="FILE", type=_new_file, help="Write our request to join here.")
@click.option("--founder", is_flag=True, help="Bring root keys as well: we are to decide with the others.")
@root_key_option
@click.option("--new-keys", is_flag=True, help="Make new keys; founders have to approve them.")
@click.option(
    "--from",
    "source",
    metavar="SOURCE",
    help="Follow the directory of a partner, an https:// address, a folder or a zip file.",
)
@click.option("--once", is_flag=True, help="Do not follow that source: couriers bring what is new.")
@click.option("--again", is_flag=True, help="Begin anew, with another root than the one that is followed.")
@click.option("--confirm", metavar="WORDS", help="The twelve words of the root, as a founder reads them.")
@click.option("--fingerprint", "told", metavar="HEX", help="All 64 digits of the root, for scripts.")
@home_option
@unlock_option
def join(
    output: Path | None,
    founder: bool,
    root_key: Path | None,
    new_keys: bool,
    source: str | None,
    once: bool,
    again: bool,
    confirm: str | None,
    told: str | None,
    home: Path,
    unlock: Unlock,
) -> Answer:
    """Write our request to join a directory, or begin to follow one, or both.

    A request holds our entry and its keys. Founders propose and approve it; the same command renews our
    entry later, and then any founder publishes it without approval. Following begins with the words of the
    root, which a founder reads to you from `hub directory status`.
    """
    if output is None and source is None:
        raise Refused("command-invalid", "Name a file with -o, or where the directory is with --from.")
    if output is not None and output.exists():
        raise Refused("file-exists", f"{output} is there already; it is not overwritten.")
    document: dict[str, object] = {}
    people: list[str] = []
    then: list[str] = []
    with opened(home, unlock) as hub:
        if source is not None:
            document |= _begin(hub, source, confirm, told, once=once, again=again)
            people.append(f"The directory {document['name']} is followed, from its root {document['root']}.")
            then.append("hub directory status")
        if output is not None:
            raw = joining.ask_to_join(
                hub.broker,
                hub.federation.keys,
                hub.federation.place,
                administrator(hub.config.agency),
                hub.kept_card(),
                founder=founder,
                outside=root_key,
                fresh_keys=new_keys,
            )
            write_bytes(output, raw)
            said = read_joining(raw)
            seen = said.said.card_fingerprint
            document |= {"request": str(output), "version": said.version, "words": list(words(seen))}
            people += [f"Our request is in {output}; it holds our card.", spoken(seen)]
            then += _asked_at_founder(output, founder=founder)
    return Answer(document=document, people=people, then=then)


def _asked_at_founder(request: Path, *, founder: bool) -> tuple[str, ...]:
    """Return what is typed there with a request; a founder's begins a directory, or joins one that stands."""
    if not founder:
        return (f"hub directory propose --add {request} -o CHANGE      (at a founder)",)
    return (
        f"hub directory init NAME --needed N --founder {request} -o CHANGE      (at whoever begins it)",
        f"hub directory propose --founder {request} -o CHANGE      (at a founder, when it stands)",
    )


def _begin(
    hub: Hub, source: str, confirm: str | None, told: str | None, *, once: bool, again: bool
) -> dict[str, object]:
    from tuf.api.metadata import Root

    raw = hub.federation.client.newest_root(source)
    root = read_document(raw, Root).signed
    seen = root_fingerprint(raw)
    name = foundation_of(root).name
    confirmed = told if told is not None else confirmed_root(name, root.version, seen, confirm)
    state = joining.begin(
        hub.broker,
        hub.federation.client,
        hub.federation.place,
        administrator(hub.config.agency),
        raw,
        source=_absolute(source),
        confirmed_fingerprint=confirmed,
        again=again,
        followed=not once,
    )
    return {"name": state.name, "root": state.versions["root"], "agencies": sorted(state.agencies)}


@trail(
    writes(
        Act.DIRECTORY_CHANGED,
        Act.PARTNER_CHANGED,
        or_nothing="only said anew that the directory is current, or copied it",
    )
)
@directory.command(
    examples=(
        "hub directory publish tj-approved.change",
        "hub directory publish uz.join",
        "hub directory publish -o /media/courier/directory.zip",
        "hub directory publish --give sco-member=tj-gknb",
    )
)
@click.argument("files", nargs=-1, metavar="FILE...", help="Approved changes, and renewed entries.")
@click.option(
    "-o", "--output", metavar="DIR", type=click.Path(path_type=Path), help="Copy it to a new folder or .zip."
)
@click.option("--give", multiple=True, metavar="MARK=AGENCY", help="Vouch for an agency; may be repeated.")
@click.option("--withdraw", multiple=True, metavar="MARK=AGENCY", help="Vouch no longer; may be repeated.")
@home_option
@unlock_option
def publish(
    files: tuple[str, ...],
    output: Path | None,
    give: tuple[str, ...],
    withdraw: tuple[str, ...],
    home: Path,
    unlock: Unlock,
) -> Answer:
    """Publish what enough founders have approved, or copy the directory for a courier or a web server.

    Copies of one change that were approved apart are put together. Where this hub is a founder it says anew
    that everything is current, and does so daily from then on; partners fetch it here. Elsewhere, and with
    nothing but -o, the directory is copied as it was fetched last.
    """
    raws = [read_bytes(name, max_bytes=CHANGE_MAX_BYTES) for name in files]
    edition = publishing.Edition(
        changes=[read_change(raw) for raw in raws if is_change(raw)],
        requests=[raw.strip() for raw in raws if not is_change(raw)],
        give=[_mark(one) for one in give],
        withdraw=[_mark(one) for one in withdraw],
    )
    with opened(home, unlock) as hub:
        place = hub.federation.place
        state = place.state()
        if files or give or withdraw or output is None:
            state = publishing.publish(
                hub.broker,
                hub.federation.client,
                hub.federation.keys,
                place,
                administrator(hub.config.agency),
                hub.kept_card(),
                edition,
            )
        if output is not None:
            publishing.export(place, output)
        document = shown(hub)
    copied = (f"A copy is in {output}.",) if output is not None else ()
    people = (
        f"The directory {state.name} stands at list {state.versions.get('targets')} of its participants.",
    )
    return Answer(document=document, people=(*people, *copied), then=("hub directory status",))


@trail(
    writes(
        Act.DIRECTORY_CHANGED, Act.PARTNER_CHANGED, or_nothing="nothing in the directory has changed since"
    )
)
@directory.command(
    examples=(
        "hub directory refresh",
        "hub directory refresh --from /media/courier/directory.zip",
        "hub directory refresh --from kg-gknb --always",
    )
)
@click.option(
    "--from", "source", metavar="SOURCE", help="This once from a partner, address, folder or zip file."
)
@click.option("--always", is_flag=True, help="And from there on.")
@home_option
@unlock_option
def refresh(source: str | None, always: bool, home: Path, unlock: Unlock) -> Answer:
    """Fetch the directory now, and say what of it needs you. A running hub does so by itself."""
    with opened(home, unlock) as hub:
        refreshing.refresh(
            hub.broker,
            hub.federation.client,
            hub.federation.place,
            administrator(hub.config.agency),
            source=None if source is None else _absolute(source),
            always=always and source is not None,
        )
        document = shown(hub)
    alarms = document["warnings"]
    told = (
        f"It needs you: {', '.join(map(str, alarms))}."
        if isinstance(alarms, list) and alarms
        else "All is well."
    )
    return Answer(
        document=document,
        people=(f"The directory {document['name']} was fetched. {told}",),
        then=("hub directory status",),
    )


directory.add_command(status)


def _mark(told: str) -> tuple[str, str]:
    kind, found, agency = told.partition("=")
    if not found:
        raise Refused("command-invalid", f"{told} is not like sco-member=kz-knb.")
    return kind, agency


def _absolute(source: str) -> str:
    """Return a folder or file as the running hub finds it, which works elsewhere."""
    path = Path(source)
    return str(path.resolve()) if path.exists() and not is_agency(source) else source
