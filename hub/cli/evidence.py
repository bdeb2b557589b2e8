"""`hub evidence`: one record's whole life in a file, and what it proves to someone who never saw the hub."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from hub.audit.events import Act
from hub.audit.trail import writes, writes_nothing
from hub.cli.answer import Answer
from hub.cli.credentials import password_fd_option, sign_in
from hub.cli.evidence_verdict import as_document, people
from hub.cli.files import new_folder, read_bytes, write_bytes
from hub.cli.frame import SOME_ID, Noun, trail
from hub.cli.home import administrator, home_option, opened, unlock_option
from hub.evidence.anchors import ANCHORS_MAX_BYTES, read_anchors, write_anchors
from hub.evidence.bundle import BUNDLE_MAX_BYTES
from hub.evidence.parts import Mode
from hub.evidence.report import render
from hub.evidence.unpacking import unpack
from hub.evidence.verifying import verify_bundle
from hub.evidence.wording import Language
from hub.exchange.broker import Broker
from hub.exchange.evidence.anchoring import anchors_of
from hub.exchange.evidence.exporting import export, is_cosigned
from hub.federation.card import fingerprint, words

if TYPE_CHECKING:
    from hub.bootstrap.secrets import Unlock

#: What the log says where nobody gave a reason at the console.
_NO_REASON: Final = "no reason was given at the console"
_LOOK_EVERY_S: Final = 0.25


@click.group(cls=Noun)
def evidence() -> None:
    """Prove one record's whole life, offline, to someone who trusts neither side."""


@trail(writes(Act.EXPORTED))
@evidence.command(
    "export",
    examples=(
        f'hub evidence export {SOME_ID} -o record.evidence --why "case 2026/17: court request"',
        f"hub evidence export {SOME_ID} -o record.evidence --commitments-only",
    ),
)
@click.argument("record_id", metavar="RECORD", help="The record's id.")
@click.option("-o", "--out", required=True, metavar="FILE", type=click.Path(path_type=Path), help="Where to.")
@click.option(
    "--commitments-only", is_flag=True, help="Without content and keys: digests, receipts and log entries."
)
@click.option(
    "--why",
    "--justification",
    "justification",
    metavar="TEXT",
    help="Why, in 3 to 500 characters; it is logged. Without content it may be left out.",
)
@click.option(
    "--wait",
    "wait_s",
    default=5.0,
    show_default=True,
    type=click.FloatRange(0, 600),
    metavar="SECONDS",
    help="How long to wait for witnesses to cosign what was just logged.",
)
@click.option("--originator", metavar="AGENCY", help="Whose record, when several sent one with this id.")
@click.option(
    "--as",
    "officer",
    envvar="HUB_OFFICER",
    show_envvar=True,
    metavar="NAME",
    help="An auditor who signs in; without it, the system account at the console exports.",
)
@password_fd_option
@home_option
@unlock_option
def export_(
    record_id: str,
    out: Path,
    commitments_only: bool,
    justification: str | None,
    wait_s: float,
    originator: str | None,
    officer: str | None,
    password_fd: int | None,
    home: Path,
    unlock: Unlock,
) -> Answer:
    """Write a bundle of evidence about a record; that it was exported is logged before it is written.

    It holds the envelopes with what opens them, approvals, receipts, corrections and withdrawals, parcels to
    and from partners without a hub with the receipts that came back, the log's entries about them with their
    proofs, cosigned checkpoints and time stamps. Whoever has it can read the record: `--commitments-only`
    leaves content and keys out.
    """
    mode = Mode.COMMITMENTS if commitments_only else Mode.FULL
    why = justification or (_NO_REASON if commitments_only else None)
    with opened(home, unlock) as hub:
        actor = (
            administrator(hub.broker.agency) if officer is None else sign_in(hub.broker, officer, password_fd)
        )
        cosigned = _wait(hub.broker, record_id, originator, wait_s)
        raw = export(hub.broker, actor, record_id, mode=mode, justification=why, originator=originator)
    # Others on this machine have no business with what it opens.
    write_bytes(out, raw, mode=0o600)
    said = [f"The evidence on {record_id} is in {out} ({len(raw)} bytes)."]
    if not cosigned:
        said.append(
            "Too few witnesses have cosigned its newest entries yet, so it is incomplete. A running hub asks "
            "them every second: export it again."
        )
    return Answer(
        document={
            "record_id": record_id,
            "file": str(out),
            "mode": mode.value,
            "bytes": len(raw),
            "cosigned": cosigned,
        },
        people=said,
        then=("hub evidence anchors -o anchors.json", f"hub evidence verify {out} --trust anchors.json"),
    )


def _wait(broker: Broker, record_id: str, originator: str | None, wait_s: float) -> bool:
    """Wait until enough witnesses have cosigned all entries about a record; tell whether they have."""
    until = time.monotonic() + wait_s
    while not (cosigned := is_cosigned(broker, record_id, originator=originator)):
        if time.monotonic() >= until:
            break
        time.sleep(_LOOK_EVERY_S)
    return cosigned


@trail(writes_nothing("public keys"))
@evidence.command("anchors", examples=("hub evidence anchors -o anchors.json",))
@click.option("-o", "--out", required=True, metavar="FILE", type=click.Path(path_type=Path), help="Where to.")
@home_option
@unlock_option
def anchors(out: Path, home: Path, unlock: Unlock) -> Answer:
    """Write the keys that this hub trusts, for those who verify evidence and trust this hub to name them.

    Our own keys and those of the pinned partners, of the logs and witnesses, the certificates of partners
    without a hub, how many witnesses must have cosigned, and the roots of time stamps. Hand the file over on
    another way than the evidence, and its words by voice.
    """
    from hub.bootstrap.witnessing import stamper

    with opened(home, unlock) as hub:
        stamping = stamper(hub.config)
        made = anchors_of(
            hub.broker,
            own_fingerprint=fingerprint(hub.card()),
            tsa_roots=() if stamping is None else stamping.roots,
        )
    write_bytes(out, write_anchors(made))
    seen = made.fingerprint
    quorum = f"{made.needed} of {', '.join(made.witnesses)}" if made.witnesses else "no witnesses"
    return Answer(
        document={
            "file": str(out),
            "sha256": seen,
            "words": list(words(seen)),
            "agencies": sorted(made.agencies),
            "partners_without_a_hub": sorted(made.partners),
            "needed": made.needed,
            "witnesses": list(made.witnesses),
        },
        people=(
            f"The anchors are in {out}: {', '.join(sorted({*made.agencies, *made.partners}))}; {quorum}.",
            f"SHA-256 {seen}",
            f"words   {' '.join(words(seen))}",
        ),
    )


@trail(writes_nothing("what is in a file that whoever calls it has; there is no hub"))
@evidence.command(
    "verify",
    examples=(
        "hub evidence verify record.evidence --trust anchors.json",
        "hub evidence verify record.evidence --trust anchors.json --report record.html --lang kk",
    ),
)
@click.argument("file", metavar="FILE", help="The bundle, a file or - for standard input.")
@click.option("--trust", required=True, metavar="ANCHORS", help="The anchors: no other key counts.")
@click.option("--report", metavar="FILE", type=click.Path(path_type=Path), help="Write a page to read.")
@click.option(
    "--lang",
    "--language",
    "lang",
    default="en",
    show_default=True,
    type=click.Choice([language.value for language in Language]),
    help="The language of the report and of the sentences.",
)
def verify(file: str, trust: str, report: Path | None, lang: str) -> Answer:
    """Say what a bundle proves; it needs no hub, no database and no network.

    Exit code 0: proven; 1: disproven; 2: incomplete, nothing is false and something is not shown.
    """
    from hub.bootstrap.showing import partner_forms

    language = Language(lang)
    trusted = read_anchors(read_bytes(trust, max_bytes=ANCHORS_MAX_BYTES))
    verdict = verify_bundle(read_bytes(file, max_bytes=BUNDLE_MAX_BYTES), trusted, partner_forms())
    if report is not None:
        write_bytes(report, render(verdict, language).encode(), mode=0o600)
    return Answer(
        document=as_document(verdict, language),
        people=tuple(people(verdict, language)),
        exit=verdict.outcome.exit,
    )


@trail(writes_nothing("what is in a file that whoever calls it has; there is no hub"))
@evidence.command("unpack", examples=("hub evidence unpack record.evidence -o record",))
@click.argument("file", metavar="FILE", help="The bundle, a file or - for standard input.")
@click.option("-o", "--out", required=True, metavar="DIR", type=click.Path(path_type=Path), help="Where to.")
def unpack_(file: str, out: Path) -> Answer:
    """Write the parts of a bundle as files that other tools read; nothing is verified.

    Signed parts are JWS, envelopes JWE, and JWS once opened; `.tlog-proof` and checkpoints are C2SP's, with
    `.note` the part of the log alone; `.tst` are RFC 3161 tokens over it.
    """
    files = unpack(read_bytes(file, max_bytes=BUNDLE_MAX_BYTES))
    with new_folder(out, files) as written:
        names = [path.name for path in written]
    return Answer(
        document={"folder": str(out), "files": names},
        people=(f"{len(names)} files are in {out}. Nothing in them was verified.",),
    )
