"""Two hubs and a third that witnesses, one record between them, and its evidence."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from hub.audit.checkpoints import cosign
from hub.audit.notes import read_note
from hub.envelope.suites import Suite
from hub.evidence.anchors import Anchors
from hub.evidence.bundle import Bundle, read_bundle, write_bundle
from hub.evidence.findings import Outcome, Standing, Verdict
from hub.evidence.parts import Mode
from hub.evidence.verifying import verify_bundle
from hub.evidence.wording import Language, sentence
from hub.exchange.broker import Broker
from hub.exchange.correcting import correct
from hub.exchange.evidence.anchoring import anchors_of
from hub.exchange.evidence.exporting import export
from hub.exchange.log.catching_up import catch_up
from hub.exchange.routing import read_record
from hub.exchange.witness.policy import WitnessPolicy
from hub.federation.card import fingerprint
from hub.ports import CosignatureRow
from hub.records.actor import Role
from tests.exchange.hubs import (
    AIGUL,
    CUSTODIAN,
    Hubs,
    document,
    officer,
    own_card_of,
    release_it,
    released,
    run_lanes,
)

WHY = "case 2026/17: request of the court"
READER = officer("igor", Role.READER, agency="cis-atc")
WITNESSES = ("cis-atc", "sco-rats")


@dataclass(kw_only=True)
class World:
    """kz-knb sends to cis-atc; sco-rats and cis-atc are witnesses of its log."""

    hubs: Hubs
    record_id: str = ""
    witnesses: tuple[str, ...] = WITNESSES

    @property
    def ours(self) -> Broker:
        return self.hubs.network.brokers["kz-knb"]

    @property
    def theirs(self) -> Broker:
        return self.hubs.network.brokers["cis-atc"]

    def witness(self, broker: Broker, *names: str) -> None:
        """Let witnesses cosign the newest checkpoint of a hub's log."""
        catch_up(broker)
        with broker.store.read() as view:
            row = view.log.checkpoint()
        assert row is not None
        at = broker.clock.now()
        rows = []
        for name in names or WITNESSES:
            signers = self.hubs.network.brokers[name].keyring.witness_signers()
            lines = "".join(line.line for line in cosign(read_note(row.note), signers, at))
            rows.append(CosignatureRow(size=row.size, witness=name, at=at, lines=lines))
        with broker.store.work() as work:
            work.witnessing.add_cosignatures(rows)
            work.commit()

    def anchors(self, broker: Broker | None = None, **changes: Any) -> Anchors:
        broker = broker or self.ours
        names = tuple(name for name in WITNESSES if name != broker.agency)
        made = anchors_of(broker, own_fingerprint=fingerprint(own_card_of(broker)))
        return replace(made, **{"needed": 1, "witnesses": names, **changes})

    def export(
        self, broker: Broker | None = None, mode: Mode = Mode.FULL, *, witnessed: bool = True
    ) -> bytes:
        broker = broker or self.ours
        if witnessed:
            self.witness(broker, *(name for name in self.witnesses if name != broker.agency))
        policy = WitnessPolicy(witnesses=self.witnesses, needed=1)
        broker = replace(broker, witnesses=policy)
        return export(broker, CUSTODIAN, self.record_id, mode=mode, justification=WHY)


def play(hubs: Hubs) -> World:
    """Send a record, let it be received, read, corrected, and let the log be cosigned."""
    for agency in ("kz-knb", "cis-atc", "sco-rats"):
        hubs.add(agency)
    hubs.pair_all()
    hubs.agree()
    hubs.clock.pass_(60)
    world = World(hubs=hubs)
    row = released(world.ours, "cis-atc", narrative="Жедел хабарлама")
    world.record_id = row.record_id
    run_lanes(world.ours)
    world.witness(world.ours)
    hubs.clock.pass_(60)
    read_record(world.theirs, READER, row.record_id, justification="identity check")
    run_lanes(world.theirs)
    next_ = correct(world.ours, AIGUL, row.record_id, document(narrative="Түзетілген хабарлама"))
    release_it(world.ours, next_)
    run_lanes(world.ours)
    hubs.clock.pass_(60)
    for broker in (world.ours, world.theirs):
        world.witness(broker, *(name for name in WITNESSES if name != broker.agency))
    return world


def small(hubs: Hubs) -> World:
    """Send one version to one recipient; sco-rats alone witnesses."""
    for agency in ("kz-knb", "cis-atc", "sco-rats"):
        hubs.add(agency)
    hubs.pair_all()
    hubs.agree()
    world = World(hubs=hubs, witnesses=("sco-rats",))
    world.record_id = released(world.ours, "cis-atc", narrative="short").record_id
    run_lanes(world.ours)
    return world


def resigned(raw: bytes, broker: Broker, change: Callable[[Bundle], Bundle]) -> bytes:
    """Return a bundle that its exporter, who lies, changed and signed again."""
    return write_bundle(change(read_bundle(raw).bundle), broker.keyring.signing(), Suite.HYBRID_1)


def keys_of(verdict: Verdict, standing: Standing) -> set[str]:
    for language in Language:
        assert all(sentence(finding, language) for finding in verdict.findings)
    return {finding.key for finding in verdict.findings if finding.standing is standing}


def told(verdict: Verdict) -> str:
    """Return what spoils a verdict, for a test that fails."""
    return json.dumps(
        [
            (finding.key, finding.code, dict(finding.about))
            for finding in verdict.of(Standing.DISPROVEN, Standing.NOT_SHOWN)
        ],
        ensure_ascii=False,
        indent=1,
    )


def proven(raw: bytes, anchors: Anchors) -> Verdict:
    verdict = verify_bundle(raw, anchors)
    assert verdict.outcome is Outcome.PROVEN, told(verdict)
    return verdict
