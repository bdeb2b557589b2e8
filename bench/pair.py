"""Two real hubs for a benchmark: kz-knb and cis-atc, paired, and one system that submits."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from demo.cast import AGREEMENTS, LIST_DESK, SCOPES, US, Officer, Place
from demo.clients import Client
from demo.ports import free_ports
from demo.processes import Processes
from hub.bootstrap.making import init_hub
from hub.bootstrap.opening import Hub, open_hub
from hub.envelope import Suite
from hub.exchange.agreements import adopt
from hub.exchange.members import add_member
from hub.exchange.partners import pair
from hub.federation.card import fingerprint
from hub.policy.agreements import load_agreement
from hub.ports import Store
from hub.records.actor import Actor, ActorKind, Role
from hub.records.lifecycle import EntryState
from keys.enrolment import issue_client_certificate

THEM: Final = "cis-atc"
#: Who sets a hub up: what an operator does at its console.
CUSTODIAN: Final = Actor(
    kind=ActorKind.HUB,
    id="local:bench",
    agency=US,
    roles=frozenset({Role.CUSTODIAN, Role.OPERATOR}),
)
_NOBODY: Final = Officer(name="nobody", password="", totp_uri="")
_TICKS: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, kw_only=True)
class Cpu:
    """CPU seconds of our hub, of theirs, and of this process with a database server that it started."""

    ours: float
    theirs: float
    others: float

    def since(self, before: Cpu, *, records: int) -> Cpu:
        """Return the microseconds a record that went between two looks."""
        return Cpu(
            ours=(self.ours - before.ours) / records * 1e6,
            theirs=(self.theirs - before.theirs) / records * 1e6,
            others=(self.others - before.others) / records * 1e6,
        )


@dataclass(kw_only=True)
class Pair:
    """Both hubs' places and stores; the processes run between `start` and `stop`."""

    ours: Place
    theirs: Place
    certificate: Path
    stores: Mapping[str, Store]
    processes: Processes = field(default_factory=Processes)

    def start(self) -> None:
        """Start both hubs as an operator would."""
        for place in (self.ours, self.theirs):
            self.processes.start(place)
        for place in (self.ours, self.theirs):
            self.processes.wait_ready(place)

    def stop(self) -> None:
        """Stop both hubs."""
        self.processes.stop_all()

    def desk(self) -> Client:
        """Return the submitting system with a new token, which lives for minutes."""
        client = Client(self.ours, self.certificate)
        client.get_token(LIST_DESK)
        return client

    def accepted(self) -> int:
        """Return how many records have a verified receipt; the counters cost the hub nothing to read."""
        with self.stores[self.ours.agency].read() as view:
            return sum(c.count for c in view.outbox.counts() if c.state is EntryState.ACCEPTED)

    def cpu_s(self) -> Cpu:
        """Return the CPU seconds so far."""
        ours, theirs = (_cpu_s(pid) for pid in self.processes.ids)
        return Cpu(ours=ours, theirs=theirs, others=_cpu_s(os.getpid()) - ours - theirs)


@contextmanager
def built(folder: Path, *, suite: Suite, databases: Mapping[str, str]) -> Iterator[Pair]:
    """Make two hubs that use one suite with each other, the agreements, and the member that submits."""
    with ExitStack() as stack:
        hubs = {}
        for agency, port in zip((US, THEM), free_ports(2), strict=True):
            init_hub(folder / agency, agency=agency, port=port, database=databases.get(agency, ""))
            hubs[agency] = stack.enter_context(open_hub(folder / agency))
        for hub, other in ((hubs[US], hubs[THEM]), (hubs[THEM], hubs[US])):
            card = other.card()
            pair(hub.broker, CUSTODIAN, card, confirmed_fingerprint=fingerprint(card), suites={suite})
            _adopt_all(hub)
        made = Pair(
            ours=_place(hubs[US]),
            theirs=_place(hubs[THEM]),
            certificate=_enrol(hubs[US], folder),
            stores={agency: hub.store for agency, hub in hubs.items()},
        )
        try:
            yield made
        finally:
            made.stop()


def _adopt_all(hub: Hub) -> None:
    for path in sorted(AGREEMENTS.glob("*.toml")):
        text = path.read_text(encoding="utf-8")
        if hub.config.agency in load_agreement(text).parties:
            adopt(hub.broker, CUSTODIAN, text)


def _place(hub: Hub) -> Place:
    return Place(
        agency=hub.config.agency,
        home=hub.config.home,
        url=hub.config.public_url,
        authority_pem=hub.keyring.tls_files().authority_pem,
        drafter=_NOBODY,
        releaser=_NOBODY,
    )


def _enrol(hub: Hub, folder: Path) -> Path:
    """Enrol the desk that submits lists; return the file with its certificate and key."""
    issued = issue_client_certificate(hub.keyring.authority(), member=LIST_DESK, at=hub.broker.clock.now())
    add_member(
        hub.broker,
        CUSTODIAN,
        agency=LIST_DESK,
        name=LIST_DESK,
        certificate_pem=issued.certificate_pem,
        scopes=SCOPES[LIST_DESK],
    )
    path = folder / f"{LIST_DESK}.pem"
    path.touch(mode=0o600)
    path.write_text(issued.certificate_pem + (issued.key_pem or ""), encoding="ascii")
    return path


def _cpu_s(root: int) -> float:
    """Return the CPU seconds of a process and of all that descend from it."""
    running = {pid: told for path in Path("/proc").glob("[0-9]*") if (told := _stat(pid := int(path.name)))}
    family = [root]
    for parent in family:  # it grows while it is walked
        family += [pid for pid, (ppid, _) in running.items() if ppid == parent]
    return sum(running[pid][1] for pid in family if pid in running)


def _stat(pid: int) -> tuple[int, float] | None:
    """Return a process's parent and its CPU seconds, those of its ended children included."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None  # it has just ended
    fields = told.rpartition(")")[2].split()
    return int(fields[1]), sum(map(int, fields[11:15])) / _TICKS
