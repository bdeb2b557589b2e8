"""`make demo`: the main job with six hubs, real keys, real mutual TLS and a real list."""

from __future__ import annotations

import argparse
import json
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from demo import by_courier, proof, rules, story, tally
from demo import stage as staging
from demo.cast import APART, HUBS, PARTNERS, SLEEPER, US
from demo.clients import Trouble
from demo.hubless import scene as hubless
from demo.hubless.cast import BROKEN
from demo.hubless.servers import Servers
from demo.hubless.setting import set_up
from demo.processes import Processes
from hub.errors import HubError

_LIST_LENGTH = 341


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo; return 0 when every record arrived exactly once and one is proven, 1 otherwise."""
    options = _options(argv)
    console = Console(stderr=options.json == "-")
    folder = Path(options.home) if options.home else Path(tempfile.mkdtemp(prefix="hub-demo-"))
    if not _emptied(folder):
        console.print(f"{folder} holds something that no demo made; name another folder.", style="bold red")
        return 1
    processes = Processes()
    started = time.monotonic()
    try:
        with Servers(folder) as servers:
            try:
                result = _play(options, console, folder, processes, servers, started)
            finally:
                if not options.keep:
                    processes.stop_all()
    finally:
        if not (options.keep or options.home):
            shutil.rmtree(folder, ignore_errors=True)
    _show(console, result)
    if options.json:
        _write(options.json, json.dumps(result.as_document(), ensure_ascii=False, indent=2) + "\n")
    if options.keep:
        _how_to_look(console, folder, processes)
    return 0 if result.good else 1


def _emptied(folder: Path) -> bool:
    """Make the folder anew; leave one alone that holds what an earlier demo did not make."""
    marker = folder / ".hub-demo"
    if folder.exists() and any(folder.iterdir()) and not marker.exists():
        return False
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    marker.touch()
    return True


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m demo",
        description="Five hubs exchange real records over TLS, a sixth by courier; seven partners have none.",
        epilog='Example: make demo DEMO="--keep --json outcome.json"',
    )
    parser.add_argument("--json", metavar="FILE", help="write the outcome for machines; - is standard output")
    parser.add_argument(
        "--keep", action="store_true", help="leave the hubs running and say how to look at them"
    )
    parser.add_argument("--home", metavar="DIR", help="where the homes go; one of an earlier demo is emptied")
    parser.add_argument("--designations", type=int, metavar="N", help="send only the first N of the list")
    parser.add_argument(
        "--break",
        dest="broken",
        choices=("lose", "asleep"),
        help="break it: lose received records, or leave a hub stopped, an end idle and the courier at home",
    )
    return parser.parse_args(argv)


def _play(
    options: argparse.Namespace,
    console: Console,
    folder: Path,
    processes: Processes,
    servers: Servers,
    started: float,
) -> tally.Tally:
    waited, troubles = 0, list[str]()
    lines: Sequence[tally.Line] = ()
    evidence: proof.Proof | None = None
    held: rules.Held | None = None
    obeyed: rules.Obeyed | None = None
    silent = frozenset({SLEEPER, BROKEN, APART}) if options.broken == "asleep" else frozenset[str]()
    scene = hubless.Scene(ends=(), silent=silent)
    courier: by_courier.Courier | None = None
    try:
        with _progress(console) as progress:
            bar = progress.add_task("making five hubs, pairing them", total=2 * len(HUBS))
            stage = staging.build(folder, step=lambda: progress.advance(bar))
            bar = progress.add_task("starting their processes", total=len(HUBS))
            for place in stage.places.values():
                processes.start(place)
            for place in stage.places.values():
                processes.wait_ready(place)
                progress.advance(bar)
            company, script = story.gather(stage), story.Script()
            processes.stop(SLEEPER)
            count = options.designations or _LIST_LENGTH
            bar = progress.add_task(f"sending the 1267 list ({SLEEPER} is stopped)", total=count)
            story.send_list(
                company, script, step=lambda n: progress.advance(bar, n), limit=options.designations
            )
            bar = progress.add_task("officers draft, release, correct, withdraw, answer", total=6)
            drafted = story.converse(company, script)
            progress.advance(bar)
            held = rules.hold_explain_answer(company, script, drafted)
            progress.advance(bar)
            withdrawn = rules.withdraw_one(company, script)
            progress.advance(bar)
            scene.ends = set_up(stage.places[US], folder, servers)
            scene.play(company, script)
            progress.advance(bar)
            courier = by_courier.set_up(stage.places[US], folder)
            courier.play(company, script, stays=APART in silent)
            carried = courier.accepted()
            progress.advance(bar)
            story.answer(company, script)
            progress.advance(bar)
            if options.broken != "asleep":
                waited = story.wake_sleeper(stage, processes, company)
            bar = progress.add_task(f"{SLEEPER} is back ({waited} waited); queues drain", total=None)
            story.drain(
                company,
                script,
                silent=silent,
                work=lambda: scene.work() + carried,
                progress=lambda done, of: progress.update(bar, completed=done, total=of),
            )
        if options.broken == "lose":
            _lose_one(stage, processes)
            scene.lose_one()
        lines = tally.count(company, script, scene, courier)
        obeyed = rules.who_obeys(company, script, withdrawn)
        if all(line.good for line in lines):
            evidence = proof.prove(stage.places[US].home, script.followed, folder)
    except (Trouble, HubError) as trouble:
        troubles.append(str(trouble))
    return tally.Tally(
        lines=lines,
        waited_for_sleeper=waited,
        seconds=time.monotonic() - started,
        troubles=troubles,
        proof=evidence,
        held=held,
        obeyed=obeyed,
        translated=scene.told,
        carried="" if courier is None else courier.line,
    )


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description:<52}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    )


def _show(console: Console, result: tally.Tally) -> None:
    table = Table(
        title="What was sent, receipts verified, and what arrived",
        box=SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
    table.add_column("to", no_wrap=True)
    for name in ("sent", "receipts", "answered", "retried", "held", "missing", "doubled"):
        table.add_column(name, justify="right")
    for line in (one for one in result.lines if one.reach is None):
        numbers = (line.sent, line.receipts_verified, line.answered, line.retried, line.held)
        table.add_row(line.who, *(str(n) for n in (*numbers, line.missing, line.doubled)))
    console.print(table)
    if result.translated:
        console.print(_hubless(result))
    style = "bold green" if result.exactly_once else "bold red"
    console.print(f"{result.verdict} ({result.seconds:.0f} s)", style=style, highlight=False)
    if result.translated:
        console.print(hubless.line_of(result.translated), highlight=False)
    if result.carried:
        console.print(result.carried, highlight=False)
    if result.held is not None:
        for sentence in result.held.lines:
            console.print(sentence, highlight=False)
    if result.obeyed is not None:
        style = "bold green" if result.obeyed.good else "bold red"
        for sentence in result.obeyed.lines:
            console.print(sentence, style=style, highlight=False)
    if result.proof is not None:
        style = "bold green" if result.proof.good else "bold red"
        for sentence in (*result.proof.lines, *result.proof.not_shown):
            console.print(sentence, style=style, highlight=False)


def _hubless(result: tally.Tally) -> Table:
    table = Table(title="Partners without a hub", box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for name in ("to", "in its own format and way"):
        table.add_column(name, no_wrap=True)
    for name in ("sent", "lost", "receipts", "from it", "wrong"):
        table.add_column(name, justify="right")
    told = {one.recipient: one for one in result.translated}
    for line in (one for one in result.lines if one.reach is not None):
        way = f"{told[line.who].dialect.partition('/')[0]} by {line.reach}"
        wrong = line.missing + line.doubled + line.strange + line.held
        numbers = (line.sent, len(told[line.who].lost), line.receipts_verified, line.answered, wrong)
        table.add_row(line.who, way, *(str(number) for number in numbers))
    return table


def _write(target: str, text: str) -> None:
    if target == "-":
        sys.stdout.write(text)
    else:
        Path(target).write_text(text, encoding="utf-8")


def _lose_one(stage: staging.Stage, processes: Processes) -> None:
    """Take a received record out of a stopped partner's database, as no use case would."""
    place = stage.places[PARTNERS[0]]
    processes.stop(place.agency)
    with closing(sqlite3.connect(place.home / "hub.sqlite3")) as database:
        database.execute("DELETE FROM records WHERE rowid = (SELECT min(rowid) FROM records)")
        database.commit()
    processes.start(place)
    processes.wait_ready(place)


def _how_to_look(console: Console, folder: Path, processes: Processes) -> None:
    hub = f"{Path(sys.executable).parent}/hub"
    console.print("\nThe hubs are left running. Look at ours:")
    for command in ("queue counts", "record list", "partner list", "agreement list"):
        console.print(f"  {hub} {command} --home {folder / US}", highlight=False, soft_wrap=True)
    ids = " ".join(map(str, processes.ids))
    console.print("Stop them, and remove their folder once they have ended:")
    console.print(
        f"  kill {ids}; while kill -0 {ids} 2>/dev/null; do sleep 0.2; done; rm -r {folder}",
        highlight=False,
        soft_wrap=True,
    )


if __name__ == "__main__":
    sys.exit(main())
