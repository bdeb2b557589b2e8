"""Whatever officers and systems do, in whatever order: nothing goes out that its writers alone let go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from hub.entries import RecordRow
from hub.envelope.manifest import Approval
from hub.errors import Refused
from hub.exchange.accounts import add_officer
from hub.exchange.agreements import adopt
from hub.exchange.approving import ByPassword
from hub.exchange.broker import Broker
from hub.exchange.contents import read_manifest
from hub.exchange.correcting import correct, withdraw
from hub.exchange.drafting import draft, revise
from hub.exchange.releasing import approve, reject
from hub.exchange.submitting import Submission, submit
from hub.exchange.tearing import tear_record
from hub.records.actor import Actor, ActorKind, Role
from hub.records.label import Classification, Label, Tlp
from hub.records.lifecycle import RecordState
from tests.evidence.parcels import PASSWORD, light
from tests.exchange.hubs import (
    CUSTODIAN,
    Hubs,
    add_member,
    agreement_text,
    document,
    officer,
    run_lanes,
)

pytestmark = pytest.mark.slow

OFFICERS = [officer(name, Role.DRAFTER, Role.RELEASER, Role.READER) for name in ("aigul", "bolat", "erlan")]
SYSTEM = Actor(kind=ActorKind.SYSTEM, id="kz-mvd", agency="kz-mvd")
SECRET = Label(classification=Classification.SECRET, tlp=Tlp.AMBER).as_document()
#: Secret records take two officers beside their writers.
AGREED = agreement_text(["kz-knb", "cis-atc", "kz-mvd"]).replace(
    "by_rule", "approvals = { secret = 2 }\nby_rule"
)
TEXT = "They met on the third of May.\n\nTold by a driver."
#: What may rightly be refused, whoever asks.
REFUSALS = {
    "four-eyes",
    "conflict",
    "transition-invalid",
    "policy-denied",
    "record-invalid",
    "tear-outdated",
    "tear-invalid",
}
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            (
                "draft",
                "draft secret",
                "submit",
                "submit by rule",
                "revise",
                "reject",
                "correct",
                "withdraw",
                "tear",
            )
            + 4 * ("approve",)
        ),
        st.integers(0, len(OFFICERS) - 1),
        st.integers(0, 5),
    ),
    min_size=6,
    max_size=20,
)


def said(kind: str, text: str) -> Mapping[str, object]:
    """Return a document with a text; without subjects, whose names the text would say again."""
    subjects = {} if kind == "designation" else {"subjects": []}
    return document(kind, narrative=text, **subjects)


@dataclass(kw_only=True)
class Office:
    """A hub with three officers who may do everything, and who wrote what, by record and version."""

    ours: Broker
    theirs: Broker
    wrote: dict[tuple[str, int], set[str]] = field(default_factory=dict)
    by_rule: set[str] = field(default_factory=set)
    torn_from: dict[str, str] = field(default_factory=dict)

    def do(self, what: str, who: Actor, which: int) -> None:
        """Try one thing; what the rules refuse is refused."""
        name, *more = what.split(" ", 1)
        try:
            getattr(self, name)(who, which, *more)
        except Refused as refusal:
            if refusal.code not in REFUSALS:
                raise

    def pick(self, which: int) -> RecordRow | None:
        """Return the newest version of one of our records."""
        known = [record_id for record_id, version in self.wrote if version == 1]
        if not known:
            return None
        with self.ours.store.read() as view:
            return view.records.get(known[which % len(known)])

    def note(self, row: RecordRow, *writers: str) -> None:
        self.wrote.setdefault((row.record_id, row.version), set()).update(writers)

    def draft(self, who: Actor, _which: int, *secret: str) -> None:
        label = {"label": SECRET} if secret else {}
        told = {**said("spontaneous-information", TEXT), **label}
        self.note(draft(self.ours, who, told, recipients=["cis-atc"]), str(who))

    def submit(self, _who: Actor, _which: int, *by_rule: str) -> None:
        kind = "designation" if by_rule else "spontaneous-information"
        (told,) = submit(self.ours, SYSTEM, [Submission(document=document(kind), recipients=["cis-atc"])])
        self.wrote[told.record_id, 1] = {str(SYSTEM)}
        assert (told.state is RecordState.RELEASED) is bool(by_rule)
        if by_rule:
            self.by_rule.add(told.record_id)

    def revise(self, who: Actor, which: int) -> None:
        if row := self.pick(which):
            told = said(row.kind, f"{TEXT} Seen by {who.id}.")
            done = revise(self.ours, who, row.record_id, expected_revision=row.revision, document=told)
            self.note(done, str(who))

    def reject(self, who: Actor, which: int) -> None:
        if row := self.pick(which):
            reject(self.ours, who, row.record_id, reason="article 6 is missing")

    def approve(self, who: Actor, which: int) -> None:
        if row := self.pick(which):
            signed = ByPassword(password=PASSWORD)
            told = {"digest": row.digest, "recipients": row.recipients, "sign": signed}
            approve(self.ours, who, row.record_id, **told)
            assert str(who) not in self.wrote[row.record_id, row.version]

    def correct(self, who: Actor, which: int) -> None:
        if row := self.pick(which):
            told = said(row.kind, f"{TEXT} Put right by {who.id}.")
            self.note(correct(self.ours, who, row.record_id, told), str(who))

    def withdraw(self, who: Actor, which: int) -> None:
        if row := self.pick(which):
            self.note(withdraw(self.ours, who, row.record_id, reason="it was another man"), str(who))

    def tear(self, who: Actor, which: int) -> None:
        if row := self.pick(which):
            made = tear_record(
                self.ours, who, row.record_id, leave_out=("narrative[1]",), recipients=["cis-atc"]
            )
            self.note(made, str(who))
            self.torn_from[made.record_id] = row.record_id

    def writers(self, row: RecordRow) -> set[str]:
        """Return who wrote a version; what follows its master by itself, those who wrote that."""
        if (row.record_id, row.version) in self.wrote:
            return self.wrote[row.record_id, row.version]
        assert row.action == "withdrawal"
        master = self.torn_from[row.record_id]
        return self.wrote[max(key for key in self.wrote if key[0] == master)]

    def check(self) -> int:
        """Hold what came to the partner against who wrote it; return how much came."""
        run_lanes(self.ours)
        with self.theirs.store.read() as view:
            known = {record_id for record_id, _ in self.wrote}
            came = [one for key in known for one in view.records.versions(key, originator="kz-knb")]
            signed = [read_manifest(self.theirs, view, row).approvals for row in came]
        with self.ours.store.read() as view:
            went = [one for key in known for one in view.records.releases(key)]
        assert sorted((r.record_id, r.version) for r in came) == sorted(
            (r.record_id, r.version) for r in went
        )
        for row, approvals in zip(came, signed, strict=True):
            self.check_one(row, approvals)
        return len(came)

    def check_one(self, row: RecordRow, approvals: Sequence[Approval]) -> None:
        names = [one.by for one in approvals]
        assert len(set(names)) == len(names)
        if row.record_id in self.by_rule and row.version == 1:
            assert names == ["rule:test-treaty"]
            return
        is_secret = row.label["classification"] == "secret" and row.action != "withdrawal"
        assert len(names) >= (2 if is_secret else 1)
        assert all(name.startswith("officer:") for name in names)
        assert not set(names) & self.writers(row)


RELEASED = [
    ("draft secret", 0, 0),
    ("approve", 0, 0),
    ("approve", 1, 0),
    ("approve", 1, 0),
    ("approve", 2, 0),
]
TORN = [
    ("draft", 0, 0),
    ("approve", 1, 0),
    ("tear", 1, 0),
    ("approve", 1, 1),
    ("approve", 0, 1),
    ("approve", 2, 1),
]


@pytest.fixture(scope="module")
def hubs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hubs]:
    made = Hubs(folder=tmp_path_factory.mktemp("two"))
    ours, theirs = made.add("kz-knb"), made.add("cis-atc")
    made.pair_all()
    for broker in (ours, theirs):
        adopt(broker, CUSTODIAN, AGREED)
    add_member(ours, "kz-mvd")
    with light():
        for who in OFFICERS:
            told = {"roles": who.roles, "clearance": who.clearance}
            add_officer(ours, CUSTODIAN, name=who.id, password=PASSWORD, **told)  # type: ignore[arg-type]
        yield made
    made.close()


@given(steps=STEPS)
@example(steps=RELEASED)
@example(steps=TORN)
@settings(
    max_examples=10,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_nothing_goes_out_that_those_who_wrote_it_let_go_alone(
    hubs: Hubs, steps: list[tuple[str, int, int]]
) -> None:
    office = Office(ours=hubs.network.brokers["kz-knb"], theirs=hubs.network.brokers["cis-atc"])
    for what, who, which in steps:
        office.do(what, OFFICERS[who], which)
        hubs.clock.pass_(1)
    came = office.check()
    if steps in (RELEASED, TORN):
        assert came == len({which for _, _, which in steps})
