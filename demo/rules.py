"""Two scenes of the rules: a release that waits for a person's answers, and a withdrawal that all obey."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from demo.cast import MEMBERS, PARTNERS, US
from demo.clients import Client, Trouble, Unreachable
from demo.story import Company, Script

_ANSWERS: Final = {
    "neutrality": "An explosives offence, article 255 of the Criminal Code; nothing political, case 26-117.",
    "non-discrimination": "The text names acts and no people or religion; read twice, case 26-117.",
}


@dataclass(frozen=True, kw_only=True)
class Held:
    """A release that was held: by which code, what the rules said, and what a person answered."""

    code: str
    to: str
    asked: Sequence[str]
    explained: Sequence[str]
    answered: Mapping[str, str]

    @property
    def lines(self) -> tuple[str, ...]:
        """Return what people read of it."""
        return (
            f"A diffusion to {self.to} was held ({self.code}): {len(self.asked)} questions for a person.",
            *(f"  asked: {question}" for question in self.asked),
            *(f"  explained: {line}" for line in self.explained),
            *(f"  answered: {check}: {why}" for check, why in self.answered.items()),
            "It was sent once they were answered; the answers are part of the release.",
        )


@dataclass(frozen=True, kw_only=True)
class Obeyed:
    """A withdrawal, and who of those that had the record follow it."""

    record_id: str
    expected: Sequence[str]
    followed: Sequence[str]

    @property
    def good(self) -> bool:
        """Tell whether all follow it."""
        return set(self.expected) == set(self.followed)

    @property
    def lines(self) -> tuple[str, ...]:
        """Return what people read of it."""
        missing = sorted(set(self.expected) - set(self.followed))
        told = f"A designation was withdrawn: {len(self.followed)} of {len(self.expected)} who had it obey"
        return (f"{told}." if not missing else f"{told}; NOT {', '.join(missing)}.",)


def hold_explain_answer(company: Company, script: Script, drafted: Mapping[str, Any]) -> Held:
    """Try to release what the rules want answered first; read why, answer, and release it."""
    releaser, record_id = company.releasers[US], drafted["record_id"]
    (to,) = drafted["recipients"]
    told = releaser.decision(drafted)
    path = f"/api/v1/drafts/{record_id}"
    problem = releaser.refused("POST", f"{path}/approve", told)
    asked = releaser.call("GET", f"{path}/preview")["checks"]
    explained = releaser.call("GET", f"/api/v1/records/{record_id}/explanation?to={to}")["rules"]
    answered = {one["check"]: _ANSWERS[one["check"]] for one in asked}
    answers = [{"check": check, "met": True, "why": why} for check, why in answered.items()]
    releaser.call("POST", f"{path}/approve", {**told, "answers": answers})
    script.expect(drafted)
    return Held(
        code=str(problem["code"]),
        to=to,
        asked=[str(one["question"]) for one in asked],
        explained=[f"{one['rule']} {one['told']}" for one in explained if one["verdict"] == "open"],
        answered=answered,
    )


def withdraw_one(company: Company, script: Script) -> str:
    """Withdraw the first designation of the list, that went to every member and partner."""
    record_id = min(record_id for record_id, version in script.expected[MEMBERS[0]] if version == 1)
    reason = {"reason": "Entered by mistake; the list does not have it."}
    drafted = company.drafters[US].call("POST", f"/api/v1/records/{record_id}/withdrawals", reason)
    company.releasers[US].release(drafted)
    script.expect(drafted)
    return record_id


def who_obeys(company: Company, script: Script, record_id: str) -> Obeyed:
    """Ask every hub that had a record how it stands there, and every member's system whether it was told."""
    followed = [
        partner for partner in PARTNERS if _stands(company.releasers[partner], record_id) == "withdrawn"
    ]
    followed += [member for member in MEMBERS if (record_id, 2) in script.collected.get(member, ())]
    return Obeyed(record_id=record_id, expected=(*PARTNERS, *MEMBERS), followed=tuple(followed))


def _stands(client: Client, record_id: str) -> str:
    try:
        return str(client.call("GET", f"/api/v1/records/{record_id}?version=1")["state"])
    except Unreachable:
        return "unreachable"
    except Trouble:
        return "unknown"
