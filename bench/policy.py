"""What a decision costs above Cedar's engine alone: microseconds of CPU, with 30 partners and 500 rules.

A decision is the whole of it: the agreement and the label (`permit`, without its cache), the hard rules, and
the policy. The floor is the engine on the same question with entities and policies prepared beforehand: once
with every rule of the policy, and once with those alone that can apply. The second policy names its partners
in conditions, where leaving rules out takes more than a look at their heads.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from time import process_time
from typing import Any, Final

import cedarpy

from hub.entries import Direction
from hub.policy.access import Access, Doing, permit_access
from hub.policy.agreements import Agreement, load_agreement
from hub.policy.decision import require
from hub.policy.permission import Question, permit
from hub.policy.rulebook import Rulebook, load_rulebook, prepared, shipped_text
from hub.records.actor import Actor, ActorKind, Role
from hub.records.kinds import Kind
from hub.records.label import Classification, Label, Tlp

US: Final = "kz-knb"
AT: Final = datetime(2026, 3, 2, 12, tzinfo=UTC)
LIMIT_US: Final = 200
_KIND: Final = Kind.WANTED_PERSON
_LABEL: Final = Label(classification=Classification.CONFIDENTIAL, tlp=Tlp.AMBER)
_ACTIONS: Final = (Doing.READ, Doing.RELEASE, Doing.ANSWER, Doing.COLLECT)
_CONDITIONS: Final = (
    'resource.kind == "notice" && principal.clearance < 3',
    "resource.originator_control && principal.clearance < 4",
    'resource.purpose == "sanctions" && !principal.compartments.contains("finance")',
    'resource.tlp == "red"',
)
_OF_MEMBERS: Final = ('resource.kind == "notice"', "resource.originator_control", 'resource.tlp == "red"')


def rules(count: int, partners: Sequence[str], *, scoped: bool) -> str:
    """Return the shipped policy and more rules, up to a count in all: each about one partner and one act."""
    texts, begun = [shipped_text()], len(load_rulebook(shipped_text()).rules)
    for number in range(count - begun):
        partner, doing = partners[number % len(partners)], _ACTIONS[number // len(partners) % len(_ACTIONS)]
        is_member = doing is Doing.COLLECT
        conditions = _OF_MEMBERS if is_member else _CONDITIONS
        who, condition = "Member" if is_member else "Officer", conditions[number % len(conditions)]
        about = f'resource in Agency::"{partner}"'
        head = f'principal is {who}, action == Action::"{doing.value}", {about if scoped else "resource"}'
        also = "" if scoped else f"{about} && "
        texts.append(f'@id("rule-{number}") forbid ({head}) when {{ {also}{condition} }};')
    return "\n".join(texts)


def agreement(partner: str) -> Agreement:
    """Return one partner's agreement."""
    return load_agreement(
        f"""
id = "{partner}"
version = 1
title = "An agreement"
instrument = "A treaty"
in_force_from = 2020-01-01
parties = ["{US}", "{partner}"]
[[articles]]
number = "1"
about = "What may go"
[[flows]]
from = ["{US}"]
to = ["{partner}"]
articles = ["1"]
kinds = ["wanted-person", "notice", "spontaneous-information"]
purposes = ["search", "investigation"]
languages = ["en", "ru"]
highest = "secret"
handling = ["H1", "H2"]
"""
    )


def question(partner: str) -> Question:
    """Return what is asked of the agreement before a release."""
    return Question(
        kind=_KIND,
        purpose="search",
        language="en",
        label=_LABEL,
        originator=US,
        counterparty=partner,
        direction=Direction.OUT,
        agreement=partner,
        at=AT,
        our_agency=US,
        articles=("1",),
    )


def access(doing: Doing, partner: str) -> Access:
    """Return what is asked of the policy."""
    ours = doing is Doing.RELEASE
    officer = Actor(
        kind=ActorKind.OFFICER,
        id="aigul",
        agency=US,
        roles=frozenset({Role.READER, Role.RELEASER, Role.DRAFTER}),
        clearance=Classification.SECRET,
        compartments=frozenset({"finance"}),
    )
    system = Actor(kind=ActorKind.SYSTEM, id="kz-mvd", agency="kz-mvd")
    return Access(
        doing=doing,
        actor=system if doing is Doing.COLLECT else officer,
        our_agency=US,
        record_id="0192f3a4-7b1c-7d2e-8f00-000000000001",
        originator=US if ours else partner,
        kind=_KIND.value,
        record_purpose="search",
        label=_LABEL,
        agreement=partner,
        recipient=partner if ours else None,
        justification="case 2026/17" if doing is Doing.READ else "",
    )


def times(steps: Mapping[str, Callable[[], object]], *, rounds: int, seconds: float) -> dict[str, float]:
    """Return each step's best CPU time in microseconds; rounds take turns, as load comes and goes."""
    best = dict.fromkeys(steps, float("inf"))
    for _ in range(rounds):
        for name, step in steps.items():
            began, calls = process_time(), 0
            while (spent := process_time() - began) < seconds:
                step()
                calls += 1
            best[name] = min(best[name], spent / calls * 1e6)
    return best


def measure(
    count: int, partners: int, *, scoped: bool, rounds: int, seconds: float
) -> Iterator[dict[str, Any]]:
    """Yield what each act costs to decide, and the engine alone on the same question."""
    names = [f"partner-{number}" for number in range(partners)]
    rulebook, agreements = load_rulebook(rules(count, names, scoped=scoped)), [*map(agreement, names)]
    for doing in _ACTIONS:
        partner = names[-1]
        asked, basis = access(doing, partner), question(partner) if doing is Doing.RELEASE else None
        found = times(
            {
                "decision": partial(decide, rulebook, agreements, asked, basis),
                "all": engine(rulebook.whole, asked),
                "applying": engine(rulebook.applying(asked), asked),
            },
            rounds=rounds,
            seconds=seconds,
        )
        yield {
            "act": doing.value,
            "decision_us": round(found["decision"]),
            "engine_all_us": round(found["all"]),
            "engine_applying_us": round(found["applying"]),
            "rules_applying": len(rulebook.applying(asked)),
            "ratio_to_all": round(found["decision"] / found["all"], 2),
            "ratio_to_applying": round(found["decision"] / found["applying"], 2),
            "within_limit": found["decision"] < LIMIT_US,
        }


def decide(
    rulebook: Rulebook, agreements: Sequence[Agreement], asked: Access, basis: Question | None
) -> None:
    """Decide as the exchange does; everything here is permitted, so that every rule is asked to its end."""
    if basis is not None:
        require(permit(basis, agreements, suspended=False))
    require(permit_access(asked, rulebook))


def engine(policies: cedarpy.PolicySet, asked: Access) -> Callable[[], object]:
    """Return the engine's own work on a question that is prepared."""
    request, entities, schema = prepared(asked)
    return lambda: cedarpy.is_authorized(request, policies, entities, schema)


def main() -> None:
    """Measure both policies and print a line an act, or JSON."""
    arguments = ArgumentParser(description=__doc__)
    arguments.add_argument("--json", action="store_true")
    arguments.add_argument("--partners", type=int, default=30)
    arguments.add_argument("--rules", type=int, default=500)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--seconds", type=float, default=0.3, help="CPU seconds a step and round")
    options = arguments.parse_args()
    rows = {
        name: [
            *measure(
                options.rules,
                options.partners,
                scoped=scoped,
                rounds=options.rounds,
                seconds=options.seconds,
            )
        ]
        for name, scoped in (("partners in heads", True), ("partners in conditions", False))
    }
    if options.json:
        told = {"partners": options.partners, "rules": options.rules, "limit_us": LIMIT_US, "policies": rows}
        print(json.dumps(told, indent=2))
        return
    print(
        f"{'policy':24}{'act':10}{'decision':>10}{'engine':>8}{'of it':>7}"
        f"{'slice':>8}{'of it':>7}{'rules':>7}"
    )
    for name, found in rows.items():
        for row in found:
            print(
                f"{name:24}{row['act']:10}{row['decision_us']:>7} µs{row['engine_all_us']:>8}"
                f"{row['ratio_to_all']:>7}{row['engine_applying_us']:>8}{row['ratio_to_applying']:>7}"
                f"{row['rules_applying']:>7}"
            )


if __name__ == "__main__":
    main()
