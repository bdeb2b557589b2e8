"""A federation in which records go onward: some hubs, a network that fails, and what anybody consented to.

Hubs, stores, keys and use cases are the real ones; the network, the clock and who decides are not.
"""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from hub.entries import RecordRow
from hub.envelope.suites import Suite
from hub.errors import HubError, PeerFault, Refused
from hub.exchange.broker import Broker
from hub.exchange.consenting import Answered, answer_consent, ask_consent
from hub.exchange.contents import read_content
from hub.exchange.correcting import correct, withdraw
from hub.exchange.dues.heeding import unheeded
from hub.exchange.passing.following import follow_passages
from hub.exchange.passing.passing_on import pass_on
from hub.exchange.passing.reported import onward_of
from hub.exchange.receiving import receive
from hub.records.kinds import Action
from hub.records.lifecycle import RecordState
from hub.storage import open_store
from tests.exchange.hubs import AIGUL, START, Hubs, TestClock, release_it, released, run_lanes
from tests.exchange.passages import ORCON
from tests.properties.federation import Fault, Wire, WireCarrier

AGENCIES = ("cis-atc", "kz-knb", "de-bka", "sco-rats", "kg-gknb")
#: What can happen to one call; nobody dies here.
FAULTS = (Fault.NONE, Fault.LOST_REQUEST, Fault.LOST_ANSWER, Fault.TWICE)
_UNTIL = START.date().replace(year=START.year + 1)


class Stage:
    """Hubs that know one another, before anything happens; each world starts from a copy of their files."""

    def __init__(self, folder: Path) -> None:
        hubs = Hubs(folder=folder)
        for agency in AGENCIES:
            hubs.add(agency)
        hubs.pair_all(suites=[Suite.CLASSIC_1])
        hubs.agree()
        hubs.close()
        self.brokers: Mapping[str, Broker] = dict(hubs.network.brokers)
        self.files = {agency: folder / agency / "hub.sqlite3" for agency in AGENCIES}


@dataclass(kw_only=True)
class Known:
    """One record as the test knows it: whose it is, who got it from its originator, and to whom it may go."""

    row: RecordRow
    direct: frozenset[str]
    consents: dict[tuple[str, str], RecordRow] = field(default_factory=dict)
    ever: set[str] = field(default_factory=set)


class World:
    """One run over some of the hubs."""

    def __init__(self, stage: Stage, folder: Path, agencies: Sequence[str]) -> None:
        self.agencies = tuple(agencies)
        self.wire = Wire()
        self.clock = TestClock()
        self.records: list[Known] = []
        self.taken_back = False
        for agency in self.agencies:
            file = shutil.copy(stage.files[agency], folder / f"{agency}.sqlite3")
            first = stage.brokers[agency]
            self.wire.hubs[agency] = replace(
                first,
                store=open_store(f"sqlite:///{file}"),
                clock=self.clock,
                carrier=WireCarrier(us=agency, wire=self.wire),
                standings=type(first.standings)(),
            )

    def close(self) -> None:
        for broker in self.wire.hubs.values():
            broker.store.close()

    def hub(self, agency: str) -> Broker:
        return self.wire.hubs[agency]

    def fail(self, faults: Sequence[Fault]) -> None:
        """Say what happens to the next calls."""
        self.wire.faults = deque(faults)

    def turn(self, agency: str) -> int:
        """Do what a hub's dispatcher does in one turn; return how much there was to do."""
        broker = self.hub(agency)
        done = follow_passages(broker)
        with suppress(PeerFault):
            done += run_lanes(broker)
        return done

    def replay(self, which: int) -> None:
        """Deliver once more what was carried before, in whatever order."""
        if self.wire.past:
            us, to, transfers = self.wire.past[which % len(self.wire.past)]
            with suppress(HubError):
                receive(self.hub(to), us, transfers)

    def settle(self) -> None:
        """End all faults, and let everything arrive."""
        self.wire.faults.clear()
        self.clock.pass_(3600)
        while sum(self.turn(agency) for agency in self.agencies):
            self.clock.pass_(60)

    def send(self, originator: str, to: Sequence[str]) -> None:
        row = released(self.hub(originator), *to, label=ORCON)
        self.records.append(Known(row=row, direct=frozenset(to)))

    def consent(self, known: Known, holder: str, to: str) -> None:
        """Let a holder ask and the originator grant; both messages arrive."""
        originator = known.row.originator
        if holder == originator or to in (holder, originator) or (holder, to) in known.consents:
            return
        try:
            asked = ask_consent(self.hub(holder), AIGUL, known.row.record_id, pass_to=[to], aim="A test.")
        except Refused:
            return  # it is not here, or not in force any more
        release_it(self.hub(holder), asked)
        self.settle()
        answer = answer_consent(self.hub(originator), AIGUL, asked.record_id, Answered(until=_UNTIL))
        release_it(self.hub(originator), answer)
        known.consents[holder, to] = answer
        known.ever.add(to)
        self.settle()

    def take_back(self, known: Known, holder: str, to: str) -> None:
        if (consent := known.consents.pop((holder, to), None)) is not None:
            self.taken_back = True
            broker = self.hub(known.row.originator)
            release_it(broker, withdraw(broker, AIGUL, consent.record_id, reason="A test."))

    def pass_on(self, known: Known, holder: str, to: str) -> None:
        """Try it: whether there is consent is for the hub to know."""
        with suppress(Refused):
            passage = pass_on(self.hub(holder), AIGUL, known.row.record_id, to=[to])
            release_it(self.hub(holder), passage)

    def change(self, known: Known, *, recall: bool) -> None:
        """Correct or withdraw a record, unless it was withdrawn."""
        broker = self.hub(known.row.originator)
        with suppress(Refused):
            if recall:
                drafted = withdraw(broker, AIGUL, known.row.record_id, reason="A test.")
            else:
                with broker.store.read() as view:
                    row = view.records.get(known.row.record_id)
                    assert row is not None
                    told = dict(read_content(broker, view, row).document)
                drafted = correct(broker, AIGUL, known.row.record_id, told)
            release_it(broker, drafted)

    def versions(self, agency: str, known: Known) -> Sequence[RecordRow]:
        with self.hub(agency).store.read() as view:
            return view.records.versions(known.row.record_id, originator=known.row.originator)

    def check_nobody_has_what_was_not_consented(self) -> None:
        """Nobody has a record under originator control but who got it from its originator, or by consent."""
        for known in self.records:
            for agency in set(self.agencies) - {known.row.originator} - known.direct - known.ever:
                assert not self.versions(agency, known), f"{agency} has it without consent"

    def check_converged(self) -> None:
        """Everyone who has a record has its last version, or has had it taken back."""
        for known in self.records:
            last = self.versions(known.row.originator, known)[-1]
            for agency in set(self.agencies) - {known.row.originator}:
                if not (versions := self.versions(agency, known)):
                    assert agency not in known.direct
                    continue
                newest, *_ = reversed(versions)
                if newest.via is not None and newest.action != Action.WITHDRAWAL.value:
                    gone = newest.state is RecordState.WITHDRAWN
                    assert gone is not self.may_stay(known, agency), agency
                    assert self.taken_back or not gone, f"{agency} lost what it may have"
                    if gone:
                        continue
                assert (newest.version, newest.action) == (last.version, last.action), agency
                older = [one.state for one in versions[:-1]]
                assert not {RecordState.RECEIVED, RecordState.OPENED} & set(older)

    def check_originators_know(self) -> None:
        """Every originator sees who has its record by passages, and that all of them have followed."""
        for known in self.records:
            broker = self.hub(known.row.originator)
            with broker.store.read() as view:
                told = onward_of(view, broker.standings.of(view), known.row)
                late = unheeded(view, broker.limits, agency=broker.agency, at=broker.clock.now())
            assert not [one for one in late if one.via is not None]
            assert all(one.current for one in told)
            shown = {(one.passer, one.who) for one in told if one.version is not None}
            assert shown == {
                (passer, agency)
                for agency in set(self.agencies) - {known.row.originator}
                for passer in self.passers(known, agency)
            }

    def may_stay(self, known: Known, agency: str) -> bool:
        """Tell whether a passage to an agency stands; one that does rests on consent, and on who has it."""
        standing = self.passers(known, agency)
        for passer in standing:
            assert (passer, agency) in known.consents, f"{passer} keeps passing it to {agency}"
            assert self.holds(passer, known)
        return bool(standing)

    def passers(self, known: Known, agency: str) -> Sequence[str]:
        """Return whose passages of a record to an agency stand, as those hubs have it themselves."""
        with self.hub(agency).store.read() as view:
            passages = view.passages.of_record(known.row.originator, known.row.record_id)
        standing = []
        for one in passages:
            if one.passer == agency:
                continue
            with self.hub(one.passer).store.read() as view:
                last = view.records.get(one.passage_id, originator=one.passer)
            if last is not None and last.action != Action.WITHDRAWAL.value:
                standing.append(one.passer)
        return standing

    def holds(self, agency: str, known: Known) -> bool:
        """Tell whether an agency has a record that was not taken back."""
        versions = self.versions(agency, known)
        return bool(versions) and versions[-1].state is not RecordState.WITHDRAWN
