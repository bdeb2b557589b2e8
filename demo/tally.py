"""What was found against what was sent: a row per partner, and whether every record arrived exactly once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from demo.by_courier import FROM_APART, Courier, rows_from_apart
from demo.cast import APART, MEMBERS, PARTNERS, US
from demo.clients import Client, Unreachable
from demo.hubless.ends import End
from demo.hubless.scene import FROM_THEM, Scene, Translated, arrived_from, found_at, reached_by, taken_from
from demo.proof import Proof
from demo.rules import Held, Obeyed
from demo.story import Company, Key, Script


@dataclass(frozen=True, kw_only=True)
class Line:
    """One partner or member. `missing` and `doubled` compare what was sent with what its own hub holds.

    `reach` is how a partner is reached that has no hub: they compare with what its own end read.
    """

    who: str
    sent: int
    receipts_verified: int
    answered: int
    retried: int
    held: int
    missing: int
    doubled: int
    strange: int
    reach: str | None = None

    @property
    def good(self) -> bool:
        """Tell whether everything arrived once, with a receipt each, and nothing else came."""
        return not (self.missing or self.doubled or self.strange or self.held) and (
            self.receipts_verified == self.sent
        )


@dataclass(frozen=True, kw_only=True)
class Tally:
    """The whole outcome."""

    lines: Sequence[Line]
    waited_for_sleeper: int
    seconds: float
    troubles: Sequence[str] = field(default_factory=tuple)
    proof: Proof | None = None
    held: Held | None = None
    obeyed: Obeyed | None = None
    translated: Sequence[Translated] = ()
    carried: str = ""

    @property
    def good(self) -> bool:
        """Tell whether all arrived, the rules held, all obeyed, and the record's life was proven."""
        ruled = self.held is not None and self.obeyed is not None and self.obeyed.good
        return self.exactly_once and ruled and self.proof is not None and self.proof.good

    @property
    def exactly_once(self) -> bool:
        """Tell whether every record arrived exactly once and nothing went wrong on the way."""
        return not self.troubles and bool(self.lines) and all(line.good for line in self.lines)

    @property
    def verdict(self) -> str:
        """Return the one line that matters."""
        sent = sum(line.sent for line in self.lines)
        if self.exactly_once:
            return (
                f"Every record arrived exactly once: {sent} sent, {sent} found, each with a verified receipt."
            )
        wrong = [f"{line.who}: {_wrong(line)}" for line in self.lines if not line.good]
        return "NOT every record arrived exactly once. " + "; ".join([*self.troubles, *wrong])

    def as_document(self) -> dict[str, Any]:
        """Return the outcome for machines."""
        return {
            "exactly_once": self.exactly_once,
            "verdict": self.verdict,
            "seconds": round(self.seconds, 1),
            "waited_for_sleeper": self.waited_for_sleeper,
            "partners": [asdict(line) for line in self.lines],
            "troubles": list(self.troubles),
            "held": None if self.held is None else asdict(self.held),
            "carried": self.carried,
            "translated": [asdict(one) for one in self.translated],
            "obeyed": None if self.obeyed is None else {**asdict(self.obeyed), "good": self.obeyed.good},
            "proof": None if self.proof is None else {**asdict(self.proof), "lines": self.proof.lines},
        }


def count(company: Company, script: Script, scene: Scene, courier: Courier) -> Sequence[Line]:
    """Ask every hub, also the one that a courier reaches, and every partner's end what it holds; compare."""
    entries = {agency: _entries(company.releasers[agency]) for agency in company.releasers}
    lines = [_partner(company, script, entries, partner) for partner in PARTNERS]
    lines += [_apart(script, entries[US], courier)]
    lines += [_hubless(script, entries[US], end) for end in scene.ends]
    rows = _incoming(company.releasers[US])
    lines += [_answers(script, entries, rows)] if US in script.expected else []
    lines += [_from_apart(script, courier, rows)] if FROM_APART in script.expected else []
    lines += [_from_hubless(script, scene, rows)] if FROM_THEM in script.expected else []
    return lines + [_member(script, member) for member in MEMBERS]


def _entries(client: Client) -> list[dict[str, Any]]:
    try:
        return list(client.pages("/api/v1/queue/entries"))
    except Unreachable:
        return []


def _partner(
    company: Company, script: Script, entries: dict[str, list[dict[str, Any]]], partner: str
) -> Line:
    mine = [e for e in entries[US] if e["recipient"] == partner]
    return _compare(
        partner,
        script.expected.get(partner, set()),
        _received(company.releasers[partner], originator=US),
        receipts=sum(e["state"] == "accepted" for e in mine),
        answered=script.answered.get(partner, 0),
        retried=sum(e["retries"] for e in mine),
        held=sum(e["state"] in ("held", "refused", "dead") for e in mine),
    )


def _apart(script: Script, entries: Sequence[Mapping[str, Any]], courier: Courier) -> Line:
    mine = [e for e in entries if e["recipient"] == APART]
    return _compare(
        APART,
        script.expected.get(APART, set()),
        courier.found(),
        receipts=sum(e["state"] == "accepted" for e in mine),
        answered=0,
        retried=0,
        held=sum(e["state"] in ("held", "refused", "dead") for e in mine),
    )


def _from_apart(script: Script, courier: Courier, rows: Sequence[Mapping[str, Any]]) -> Line:
    return _compare(
        FROM_APART,
        script.expected[FROM_APART],
        rows_from_apart(rows),
        receipts=courier.accepted(),
        answered=0,
        retried=0,
        held=0,
    )


def _hubless(script: Script, entries: Sequence[Mapping[str, Any]], end: End) -> Line:
    mine = [e for e in entries if e["recipient"] == end.partner.agency]
    return _compare(
        end.partner.agency,
        script.expected.get(end.partner.agency, set()),
        found_at(end, mine),
        receipts=sum(e["state"] == "accepted" for e in mine),
        answered=len(end.answers),
        retried=sum(e["retries"] for e in mine),
        held=sum(e["state"] in ("held", "refused", "dead") for e in mine),
        reach=reached_by(end.partner),
    )


def _answers(
    script: Script, entries: Mapping[str, Sequence[Mapping[str, Any]]], rows: Sequence[Mapping[str, Any]]
) -> Line:
    theirs = [e for agency in PARTNERS for e in entries[agency] if e["recipient"] == US]
    return _compare(
        f"{US} (answers)",
        script.expected[US],
        [(row["record_id"], row["version"]) for row in rows if row["originator"] in PARTNERS],
        receipts=sum(e["state"] == "accepted" for e in theirs),
        answered=0,
        retried=sum(e["retries"] for e in theirs),
        held=sum(e["state"] in ("held", "refused", "dead") for e in theirs),
    )


def _from_hubless(script: Script, scene: Scene, rows: Sequence[Mapping[str, Any]]) -> Line:
    return _compare(
        FROM_THEM,
        script.expected[FROM_THEM],
        arrived_from(scene.ends, [row for row in rows if row["originator"] not in PARTNERS]),
        receipts=taken_from(scene.ends),
        answered=0,
        retried=0,
        held=sum(code is not None for end in scene.ends for code in end.answers.values()),
    )


def _member(script: Script, member: str) -> Line:
    found = script.collected.get(member, [])
    return _compare(
        member,
        script.expected.get(member, set()),
        found,
        receipts=len(found),
        answered=0,
        retried=0,
        held=0,
    )


def _received(client: Client, *, originator: str) -> list[Key]:
    """Return what a hub holds of an originator."""
    return [
        (row["record_id"], row["version"]) for row in _incoming(client) if row["originator"] == originator
    ]


def _incoming(client: Client) -> list[dict[str, Any]]:
    """Return what came to a hub; one that does not answer holds nothing we could show."""
    try:
        return [row for row in client.pages("/api/v1/records") if row["direction"] == "in"]
    except Unreachable:
        return []


def _compare(
    who: str,
    sent: set[Key],
    found: Sequence[Key],
    *,
    receipts: int,
    answered: int,
    retried: int,
    held: int,
    reach: str | None = None,
) -> Line:
    times = Counter(found)
    return Line(
        who=who,
        sent=len(sent),
        receipts_verified=receipts,
        answered=answered,
        retried=retried,
        held=held,
        missing=len(sent - times.keys()),
        doubled=sum(n > 1 for n in times.values()),
        strange=len(times.keys() - sent),
        reach=reach,
    )


def _wrong(line: Line) -> str:
    told = {
        "missing": line.missing,
        "doubled": line.doubled,
        "unexpected": line.strange,
        "held": line.held,
        "without a verified receipt": line.sent - line.receipts_verified,
    }
    return ", ".join(f"{n} {what}" for what, n in told.items() if n) or "nothing was sent"
