"""Real hubs over mutual TLS that witness one another: cosigned, missing, back, set back, refused."""

from __future__ import annotations

import shutil
import signal
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import urllib3

from demo.stage import free_ports
from hub.audit.checkpoints import verify_checkpoint
from hub.audit.events import Act
from hub.audit.notes import read_note
from hub.audit.quorum import Quorum, weigh
from hub.audit.timestamps import verify_timestamp
from hub.audit.witnessing import origin_hash
from hub.bootstrap.making import init_hub
from hub.bootstrap.opening import Hub, open_hub
from hub.exchange.keys.changing import rotate
from hub.exchange.log.epochs import own_keys
from hub.exchange.log.verifying import Verification
from hub.exchange.partners import pair
from hub.federation.card import fingerprint
from hub.ports import EventQuery
from tests.exchange.hubs import CUSTODIAN
from tests.servers.forking import Command
from tests.servers.tsa import Tsa, make_tsa, tsa_server
from tests.wire.served import start, wait_ready

pytestmark = pytest.mark.slow

AGENCIES = ("kz-knb", "cis-atc", "sco-rats")
_LIMITS = """
[limits]
log_heartbeat_s = 2.0
witness_interval_s = 0.3
witness_timeout_s = 15.0
timestamp_interval_s = 0.1
"""


@dataclass(kw_only=True)
class Trio:
    """Three hubs, each paired with the others and naming both as its witnesses, two of two needed."""

    folder: Path
    hubs: Mapping[str, Hub]
    processes: dict[str, Command] = field(default_factory=dict)

    def serve(self, *agencies: str) -> None:
        for agency in agencies:
            self.processes[agency] = start(self.folder / agency)
        for agency in agencies:
            wait_ready(self.hubs[agency])

    def stop(self, *agencies: str) -> None:
        for agency in agencies:
            self.processes[agency].send_signal(signal.SIGTERM)
        for agency in agencies:
            self.processes.pop(agency).wait(120)

    def fetch(self, by: str, agency: str, path: str) -> bytes | None:
        """Fetch as one agency from another, over mutual TLS; None for what is not there yet."""
        tls = self.hubs[by].keyring.tls_files()
        context = ssl.create_default_context(cadata=self.hubs[agency].keyring.tls_files().authority_pem)
        context.load_cert_chain(tls.certificate, password=tls.password)
        with urllib3.PoolManager(ssl_context=context, retries=False, timeout=10) as pool:
            said = pool.request("GET", self.hubs[agency].config.public_url + path)
        assert said.status in (200, 404), said.data
        return said.data if said.status == 200 else None

    def warnings(self, agency: str) -> list[str]:
        context = ssl.create_default_context(cadata=self.hubs[agency].keyring.tls_files().authority_pem)
        with urllib3.PoolManager(ssl_context=context, retries=False, timeout=10) as pool:
            said = pool.request("GET", f"{self.hubs[agency].config.public_url}/readyz")
        return list(said.json()["warnings"])

    def quorum(self, agency: str) -> Quorum:
        """Return the quorum as whoever pinned the agencies' cards would ask for it."""
        others = [other for other in AGENCIES if other != agency]
        return Quorum(
            needed=2,
            witnesses={
                f"{other}/witness": tuple(s.key for s in self.hubs[other].keyring.witness_signers())
                for other in others
            },
        )

    def is_cosigned(self, agency: str, least: int = 1) -> bool:
        """Tell whether the checkpoint that an agency serves has its quorum."""
        by = next(other for other in AGENCIES if other != agency)
        raw = self.fetch(by, agency, "/log/checkpoint")
        if raw is None:  # a hub that has just begun signs its first one within a second or two
            return False
        keys = [signer.key for signer in self.hubs[agency].keyring.log_signers()]
        return verify_checkpoint(raw, keys).size >= least and weigh(self.quorum(agency), read_note(raw)).met


def eventually(true: Callable[[], bool], what: str, within_s: float = 120.0) -> None:
    until = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < until, what
        time.sleep(0.25)


@contextmanager
def trio(folder: Path, *, tsa: str = "", more: str = "") -> Iterator[Trio]:
    """Make the homes of three hubs; serve none of them yet."""
    for agency, port in zip(AGENCIES, free_ports(3), strict=True):
        init_hub(folder / agency, agency=agency, port=port)
        others = [other for other in AGENCIES if other != agency]
        with (folder / agency / "hub.toml").open("a") as file:
            file.write(f"witnesses = {others!r}\nwitness_quorum = 2\n")
            file.write((tsa if agency == "kz-knb" else "") + _LIMITS + more)
    with ExitStack() as stack:
        hubs = {agency: stack.enter_context(open_hub(folder / agency)) for agency in AGENCIES}
        for ours in hubs.values():
            for theirs in hubs.values():
                if ours is not theirs:
                    card = theirs.card()
                    pair(ours.broker, CUSTODIAN, card, confirmed_fingerprint=fingerprint(card))
        made = Trio(folder=folder, hubs=hubs)
        try:
            yield made
        finally:
            made.stop(*made.processes)


def size_of(hub: Hub) -> int:
    with hub.store.read() as view:
        return view.log.size()


def test_three_hubs_witness_one_another_and_stop_writing_when_nothing_happens(tmp_path: Path) -> None:
    with trio(tmp_path) as hubs:
        hubs.serve(*AGENCIES)
        for agency in AGENCIES:
            eventually(lambda agency=agency: hubs.is_cosigned(agency), f"{agency} cosigned")  # type: ignore[misc]
            eventually(lambda agency=agency: hubs.warnings(agency) == [], "no warning")  # type: ignore[misc]
        # What monitors are shown is what the log serves, under both its signatures and the witness's.
        shown = hubs.fetch("sco-rats", "cis-atc", f"/witness/{origin_hash('kz-knb/log')}/checkpoint")
        assert shown is not None
        keys = [signer.key for signer in hubs.hubs["kz-knb"].keyring.log_signers()]
        assert verify_checkpoint(shown, keys).origin == "kz-knb/log"
        # Hubs that witness one another must not make each other write for ever.
        settled: list[tuple[int, ...]] = []

        def is_quiet() -> bool:
            settled.append(tuple(size_of(hub) for hub in hubs.hubs.values()))
            time.sleep(1.5)
            return len(settled) > 3 and len(set(settled[-4:])) == 1

        eventually(is_quiet, f"the logs go on growing: {settled}")
        for hub in hubs.hubs.values():
            with hub.store.read() as view:
                before = view.witnessing.quorum()
            assert before.met_at is not None
            assert before.missing_since is None


def missing(hub: Hub) -> Sequence[str]:
    with hub.store.read() as view:
        return view.witnessing.quorum().missing


def test_a_quorum_goes_missing_and_comes_back(tmp_path: Path) -> None:
    with trio(tmp_path) as hubs:
        hubs.serve(*AGENCIES)
        eventually(lambda: hubs.is_cosigned("kz-knb"), "cosigned")
        hubs.stop("sco-rats")
        eventually(lambda: "quorum-missing" in hubs.warnings("kz-knb"), "the alarm")
        eventually(lambda: missing(hubs.hubs["kz-knb"]) == ("sco-rats",), "the one that is gone")
        hubs.serve("sco-rats")
        eventually(lambda: hubs.warnings("kz-knb") == [], "the quorum")


def test_keys_of_logs_and_witnesses_change_and_no_quorum_is_missed(tmp_path: Path) -> None:
    with trio(tmp_path) as hubs:
        hubs.serve(*AGENCIES)
        for agency in AGENCIES:
            eventually(lambda agency=agency: hubs.is_cosigned(agency), f"{agency} cosigned")  # type: ignore[misc]
            eventually(lambda agency=agency: hubs.warnings(agency) == [], "no warning")  # type: ignore[misc]
        begun = {agency: hub.broker.clock.now() for agency, hub in hubs.hubs.items()}
        for agency, hub in hubs.hubs.items():
            for purpose in ("log-ed25519", "witness-ed25519"):
                rotate(hub.broker, hub.custody, replace(CUSTODIAN, agency=agency), purpose)
        for agency, hub in hubs.hubs.items():
            eventually(
                lambda hub=hub: not any(key.state == "next" for key in hub.custody.inventory()),  # type: ignore[misc]
                f"the new keys of {agency} to take over",
            )
        for agency, hub in hubs.hubs.items():
            least = size_of(hub)
            eventually(lambda a=agency, n=least: hubs.is_cosigned(a, n), f"{agency} cosigned anew")  # type: ignore[misc]
            with hub.store.read() as view:
                told = view.search_events(EventQuery(since=begun[agency]), limit=1000)
                own = own_keys(view.log, hub.keyring)
            assert [e.details for _p, e in told if e.act is Act.QUORUM_CHANGED] == []
            assert len(own.epochs) == 2
            check = Verification(store=hub.store, own=own)
            assert len(list(check.steps())) > 0
            assert check.findings == []


def test_a_hub_whose_database_was_set_back_refuses_to_start(tmp_path: Path) -> None:
    """Only the witnesses remember: the published files were set back with the database."""
    with trio(tmp_path) as hubs:
        home = tmp_path / "kz-knb"
        backup = tmp_path / "backup"
        hubs.hubs["kz-knb"].store.close()
        shutil.copytree(home, backup)
        hubs.serve(*AGENCIES)
        eventually(lambda: hubs.is_cosigned("kz-knb"), "cosigned")
        hubs.stop("kz-knb")
        hubs.hubs["kz-knb"].store.close()
        shutil.rmtree(home)
        shutil.copytree(backup, home)
        refusing = start(home)
        assert refusing.wait(120) not in (0, None)
        said = (home / "serve.log").read_text()
        assert "log-rolled-back" in said or "set back" in said, said
        # With nobody to ask it starts, and its quorum is missing.
        hubs.stop("cis-atc", "sco-rats")
        hubs.serve("kz-knb")
        eventually(lambda: "quorum-missing" in hubs.warnings("kz-knb"), "the alarm")
        # And when they are back, what they show stops every release at once.
        hubs.serve("cis-atc", "sco-rats")
        # (By then it may have grown beyond what they saw, and is another history.)
        proofs = {"log-rolled-back", "log-forked"}
        eventually(lambda: not proofs.isdisjoint(hubs.warnings("kz-knb")), "the proof")


def test_checkpoints_are_stamped_by_a_real_authority_and_openssl_agrees(tmp_path: Path) -> None:
    tsa: Tsa = make_tsa(tmp_path / "tsa")
    with tsa_server(tsa) as server:
        told = f'tsa_url = "{server.url}"\ntsa_roots = "{tsa.root_pem}"\n'
        with trio(tmp_path, tsa=told) as hubs:
            server.status = 503
            hubs.serve("kz-knb")
            store = hubs.hubs["kz-knb"].store
            eventually(lambda: bool(server.asked), "a question")
            server.status = 200

            def stamped() -> Sequence[bytes]:
                with store.read() as view:
                    last = view.witnessing.last_timestamp()
                    row = None if last is None else view.log.checkpoint(last.number)
                return () if last is None or row is None else (last.token, row.note)

            eventually(lambda: bool(stamped()), "a time stamp")
            token, note = stamped()
            assert verify_timestamp(token, note, [tsa.root]).tsa_subject == "CN=Test Time Authority"
            assert tsa.agrees(token, note)
