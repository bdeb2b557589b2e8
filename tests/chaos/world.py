"""Hubs as operators run them, in processes that are killed and stopped, and the system of a member.

Limits of time are short, so that what a real hub recovers from in a minute is seen here in seconds.
"""

from __future__ import annotations

import json
import os
import signal
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import urllib3

from demo.ports import free_ports
from hub.bootstrap.making import init_hub
from hub.bootstrap.opening import Hub, open_hub
from hub.entries import Direction, OutboxEntry, RecordRow
from hub.exchange.agreements import adopt
from hub.exchange.members import add_member
from hub.exchange.partners import pair
from hub.exchange.weighing import check_receipt
from hub.federation.card import fingerprint
from hub.ports import Store
from hub.records.ids import new_id
from hub.records.lifecycle import EntryState, ReceiptStatus
from tests.exchange.hubs import CUSTODIAN, agreement_text, document
from tests.servers.forking import Command
from tests.wire.served import start, wait_ready

US, THERE, OTHER = "kz-knb", "cis-atc", "sco-rats"
DESKS = {US: "kz-mvd", THERE: "ru-mvd"}
PARTIES = (US, THERE, OTHER, *DESKS.values())

_ALL = 1_000_000
#: Between two batches of a desk, so that a hub that was down has not a mountain to climb.
_PAUSE_S = 0.1
_TOLD = """
unsafe_member_enrolment_alone = true
workers = {workers}
[limits]
lane_claim_s = 5.0
retry_first_s = 0.1
retry_max_s = 0.5
connect_timeout_s = 1.0
carry_timeout_s = 2.5
poll_interval_s = 0.1
requests_per_minute = 1000000
key_settle_s = 2.0
card_interval_s = 1.0
"""

#: Makes the databases of hubs: an URL for each, or nothing for the embedded one.
Databases = Callable[[], str]


@dataclass(kw_only=True)
class Process:
    """One hub that is served by `hub serve`, and the same hub opened here to look into its database."""

    hub: Hub
    process: Command | None = None

    def start(self) -> None:
        self.process = start(self.hub.config.home)
        wait_ready(self.hub)

    def signal(self, number: signal.Signals) -> None:
        """Tell the whole process tree."""
        assert self.process is not None
        os.killpg(self.process.pid, number)

    def kill(self) -> None:
        """End the whole process tree in the midst of whatever it does, and see that nothing of it is left."""
        self.signal(signal.SIGKILL)
        assert self.process is not None
        self.process.wait(60)
        wait_for(self._is_gone, "a killed hub to be gone")
        self.process = None

    def _is_gone(self) -> bool:
        assert self.process is not None
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return True
        return False

    def stop(self) -> None:
        if self.process is not None:
            self.signal(signal.SIGCONT)
            self.signal(signal.SIGTERM)
            try:
                self.process.wait(40)
            except subprocess.TimeoutExpired:
                self.kill()


@dataclass(kw_only=True)
class Desk:
    """A member's system: it submits batch after batch, and repeats each until it is answered.

    A batch keeps its Idempotency-Key over all its tries. Its records take turns in a few conversations.
    """

    hub: Hub
    to: Sequence[str]
    certificate: Path
    batch: int = 4
    pause_s: float = _PAUSE_S
    acknowledged: list[tuple[str, int]] = field(default_factory=list)
    repeated: int = 0
    failure: BaseException | None = None

    def __post_init__(self) -> None:
        self._context = context = ssl.create_default_context(cadata=self.hub.leaf.server_authorities())
        context.load_cert_chain(self.certificate)
        timeout = urllib3.Timeout(connect=2.0, read=6.0)
        self._pool = urllib3.PoolManager(ssl_context=context, retries=False, timeout=timeout)
        self._conversations = [new_id() for _ in range(40)]
        self._token = ""
        self._given_up = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="desk", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def trust(self, authorities: str) -> None:
        """Check the hub by these authorities (PEM) too, as its operator was handed them."""
        self._context.load_verify_locations(cadata=authorities)

    def stop(self) -> None:
        """Finish the batch that is under way: it is repeated until the hub has answered."""
        self._stopping.set()
        self._thread.join(90)
        assert not self._thread.is_alive(), "a submission was never answered"
        if self.failure is not None:
            raise self.failure

    def give_up(self) -> None:
        """Stop, whatever is under way."""
        self._stopping.set()
        self._given_up = True

    def submit(self) -> None:
        """Hand in one batch, as often as it takes."""
        records = [self._record(len(self.acknowledged) + n) for n in range(self.batch)]
        body = json.dumps({"records": records}).encode()
        key = f"batch-{new_id()}"
        while (answer := self._try(body, key)) is None:
            assert not self._given_up, "the test has ended"
            self.repeated += 1
            self._stopping.wait(0.02)
        self.acknowledged += [(item["record_id"], item["version"]) for item in answer["items"]]
        assert {item["state"] for item in answer["items"]} == {"released"}

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self.submit()
                self._stopping.wait(self.pause_s)
        except BaseException as failure:  # noqa: BLE001 (handed to the test's own thread)
            self.failure = failure

    def _record(self, number: int) -> dict[str, object]:
        conversation = self._conversations[number % len(self._conversations)]
        made = document("designation", conversation=conversation)
        return {"record": made, "recipients": list(self.to), "priority": "routine"}

    def _try(self, body: bytes, key: str) -> dict[str, list[dict[str, object]]] | None:
        """Return the hub's answer, or nothing when there was none or it said "later"."""
        url = self.hub.config.public_url
        told = {"grant_type": "client_credentials", "client_id": DESKS[self.hub.config.agency]}
        try:
            if not self._token:
                granted = self._pool.request_encode_body(
                    "POST", f"{url}/oauth/token", fields=told, encode_multipart=False
                )
                self._token = granted.json()["access_token"] if granted.status == 200 else ""
                return None
            headers = {"Authorization": f"Bearer {self._token}", "Idempotency-Key": key}
            headers |= {"Content-Type": "application/json"}
            answer = self._pool.request("POST", f"{url}/api/v1/records", body=body, headers=headers)
        except (urllib3.exceptions.HTTPError, OSError):
            return None
        if answer.status >= 500:
            return None
        if answer.status == 401:  # its minutes are over: a system asks for another token
            self._token = ""
            return None
        assert answer.status == 200, answer.data
        return dict(answer.json())


@dataclass(kw_only=True)
class World:
    """The hubs of one test."""

    processes: dict[str, Process]
    desks: dict[str, Desk]

    def __getitem__(self, agency: str) -> Process:
        return self.processes[agency]

    def hub(self, agency: str) -> Hub:
        return self.processes[agency].hub


@contextmanager
def world(
    folder: Path,
    agencies: Sequence[str],
    *,
    databases: Databases = lambda: "",
    workers: int = 1,
    detour: Callable[[Hub, Hub], str | None] = lambda _ours, _theirs: None,
) -> Iterator[World]:
    """Make hubs, pair them with one another, enrol their members and serve them.

    `detour` may name another address, a proxy's, by which one hub reaches another.
    """
    for agency, port in zip(agencies, free_ports(len(agencies)), strict=True):
        init_hub(folder / agency, agency=agency, port=port, database=databases())
        with (folder / agency / "hub.toml").open("a") as file:
            file.write(_TOLD.format(workers=workers))
    with ExitStack() as stack:
        hubs = {agency: stack.enter_context(open_hub(folder / agency)) for agency in agencies}
        for ours in agencies:
            for theirs in agencies:
                if ours != theirs:
                    card = hubs[theirs].card()
                    pair(
                        hubs[ours].broker,
                        CUSTODIAN,
                        card,
                        confirmed_fingerprint=fingerprint(card),
                        url=detour(hubs[ours], hubs[theirs]),
                    )
            adopt(hubs[ours].broker, CUSTODIAN, agreement_text(PARTIES))
        desks = {
            agency: Desk(
                hub=hubs[agency],
                to=[other for other in agencies if other != agency],
                certificate=_enrol(hubs[agency], member, folder),
            )
            for agency, member in DESKS.items()
            if agency in agencies
        }
        processes = {agency: Process(hub=hub) for agency, hub in hubs.items()}
        try:
            for process in processes.values():
                process.process = start(process.hub.config.home)
            for hub in hubs.values():
                wait_ready(hub)
            yield World(processes=processes, desks=desks)
        finally:
            for desk in desks.values():
                desk.give_up()
            for process in processes.values():
                process.stop()


def _enrol(hub: Hub, member: str, folder: Path) -> Path:
    issued = hub.enrol(member)
    add_member(
        hub.broker,
        CUSTODIAN,
        agency=member,
        name=member,
        certificate_pem=issued.certificate_pem,
        scopes=["submit:*"],
    )
    path = folder / f"{member}.pem"
    path.write_text(issued.certificate_pem + (issued.key_pem or ""))
    return path


def wait_for(true: Callable[[], bool], what: str, *, within_s: float = 90.0) -> None:
    """Wait until something is true; fail when it is not in time."""
    until = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < until, f"waited {within_s:.0f} s in vain for {what}"
        time.sleep(0.02)


def wait_for_more(desk: Desk, dice: Random) -> None:
    """Wait until a few more batches were acknowledged, and then for any part of one more."""
    seen = len(desk.acknowledged)
    wanted = desk.batch * dice.randint(1, 4)
    wait_for(
        lambda: len(desk.acknowledged) >= seen + wanted or desk.failure is not None,
        "submissions to go on",
        within_s=90,
    )
    time.sleep(dice.uniform(0.0, 0.05))  # the moment is what the dice say; nothing is waited for


def entries(hub: Hub) -> Sequence[OutboxEntry]:
    with hub.store.read() as view:
        return view.outbox.page(after=0, limit=_ALL)


def rows(hub: Hub, direction: Direction) -> list[RecordRow]:
    with hub.store.read() as view:
        return [row for row in view.records.page(after=0, limit=_ALL) if row.direction is direction]


def all_accepted(store: Store) -> bool:
    with store.read() as view:
        return {count.state for count in view.outbox.counts()} <= {EntryState.ACCEPTED}


def check_exactly_once(us: Hub, there: Hub, acknowledged: Sequence[tuple[str, int]]) -> None:
    """What was acknowledged to the member was released once, came once, in order, and is receipted."""
    released = [(row.record_id, row.version) for row in rows(us, Direction.OUT)]
    assert sorted(released) == sorted(acknowledged), "each submission was made once"
    came = [row for row in rows(there, Direction.IN) if row.originator == us.config.agency]
    assert sorted((row.record_id, row.version) for row in came) == sorted(acknowledged)
    sent = [entry for entry in entries(us) if entry.recipient == there.config.agency]
    assert {entry.state for entry in sent} == {EntryState.ACCEPTED}
    for conversation in {entry.conversation for entry in sent}:
        in_order = [entry.record_id for entry in sent if entry.conversation == conversation]
        assert [row.record_id for row in came if row.conversation == conversation] == in_order
    _check_receipts(us, there, sent)


def _check_receipts(us: Hub, there: Hub, sent: Sequence[OutboxEntry]) -> None:
    standing = us.broker.standing()
    with there.store.read() as theirs:
        inbox = theirs.inbox.seen([(us.config.agency, entry.envelope_id) for entry in sent])
    with us.store.read() as ours:
        kept = {entry.envelope_id: ours.receipts.of_envelope(entry.envelope_id) for entry in sent}
    for entry in sent:  # outside any transaction: the server ends one that is idle for long
        admitted = inbox[us.config.agency, entry.envelope_id]
        (receipt,) = [one for one in kept[entry.envelope_id] if one.by == entry.recipient]
        check_receipt(standing, receipt.raw, entry=entry, sealed_digest=admitted.digest, us=us.config.agency)
        assert receipt.status is ReceiptStatus.ACCEPTED
        assert receipt.raw == admitted.receipt, "a repeat gets the very first receipt"
