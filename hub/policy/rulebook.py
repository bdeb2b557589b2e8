"""A policy in Cedar, read once: who may do what, decided by those of its rules alone that can apply.

Cedar's engine asks every rule of a set. A rule that can be neither satisfied nor in error changes no decision
and is left out (Cedar, "Policy slicing"; `hub.policy.slicing`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property, lru_cache
from importlib.resources import files
from typing import Final

import cedarpy
from cedarpy import pst

from hub.errors import Refused
from hub.policy.access import Access, Doing
from hub.policy.cedar_text import Problem, problems_in, start_lines
from hub.policy.decision import Decision, Deny, Permit, Reason
from hub.policy.slicing import Asked, may_apply
from hub.records.actor import Actor, ActorKind

#: As many rules as are needed several times over; what is read is bounded.
MAX_BYTES: Final = 512 * 1024
#: Rules that can apply to one way to ask: what is done, by whom, between which agencies, under what.
_SLICES_MAX: Final = 1024
_ACTORS_MAX: Final = 256
_CLAUSE: Final = "policy rule "
_TYPES: Final = {ActorKind.OFFICER: "Officer", ActorKind.SYSTEM: "Member"}


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule of a policy: its name (`@id`, or its place), what it says of itself (`@reason`), its line."""

    name: str
    reason: str
    line: int
    forbids: bool


class Rulebook:
    """One policy, ready to decide. Made by `load_rulebook`; it never changes."""

    def __init__(self, nodes: pst.PolicySet, rules: dict[str, Rule]) -> None:
        self._nodes = nodes
        self._rules = rules
        self._slice = lru_cache(maxsize=_SLICES_MAX)(self._sliced)

    @property
    def rules(self) -> Sequence[Rule]:
        """Return its rules in the order of the text."""
        return tuple(self._rules.values())

    @cached_property
    def whole(self) -> cedarpy.PolicySet:
        """Return all rules as the engine takes them."""
        return cedarpy.PolicySet.from_pst(self._nodes)

    def decide(self, access: Access) -> Decision:
        """Permit what some rule permits and none forbids; any error denies, whatever else is said."""
        if access.actor.kind not in _TYPES:
            return _denied("policy-denies", f"No policy speaks of a {access.actor.kind.value}.")
        try:
            return self._told(ask(access, self.applying(access)))
        except (ValueError, TypeError):
            return _denied("policy-undecided", "The policy could not be asked about this; nothing goes.")

    def applying(self, access: Access) -> cedarpy.PolicySet:
        """Return the rules that can apply to a question; kept for the next one of its sort."""
        return self._slice(
            Asked(
                kind=_TYPES[access.actor.kind],
                doing=access.doing,
                originator=access.originator,
                ours=access.originator == access.our_agency,
                agreement=access.agreement,
                recipient=access.recipient,
                member=access.member,
            )
        )

    def decide_by_all(self, access: Access) -> Decision:
        """Decide by every rule: the same decision, slower. For tests and measurements."""
        return self._told(ask(access, self.whole))

    def _told(self, result: cedarpy.AuthzResult) -> Decision:
        found = result.diagnostics
        if found.errors or result.decision is cedarpy.Decision.NoDecision:
            failing = sorted(r.name for key, r in self._rules.items() if _names(found.errors, key))
            which = f" Rules that fail: {', '.join(failing)}." if failing else ""
            return _denied("policy-undecided", f"The policy cannot be decided, so nothing goes.{which}")
        # The engine tells them in no order.
        rules = sorted((self._rules[key] for key in found.reasons), key=lambda each: each.line)
        if result.allowed:
            return Permit(clause=", ".join(f"{_CLAUSE}{rule.name}" for rule in rules) or None)
        if not rules:
            return _denied("policy-denies", "No rule of the policy permits it.")
        return Deny(
            reasons=tuple(
                Reason(
                    code="policy-forbids",
                    sentence=f"{rule.reason} (Policy rule {rule.name}.)",
                    clause=f"{_CLAUSE}{rule.name}",
                )
                for rule in rules
            )
        )

    def _sliced(self, asked: Asked) -> cedarpy.PolicySet:
        apply = {key: node for key, node in self._nodes.static_policies.items() if may_apply(node, asked)}
        return cedarpy.PolicySet.from_pst(replace(self._nodes, static_policies=apply))


class Unusable:
    """A policy in force that this hub cannot read: it denies everything, and says so."""

    def decide(self, access: Access) -> Decision:
        """Deny."""
        return _denied("policy-unusable", "The policy in force cannot be read by this hub; nothing goes.")


@cache
def schema() -> cedarpy.Schema:
    """Return what policies can speak of."""
    return cedarpy.Schema.from_str(schema_text())


def schema_text() -> str:
    """Return the schema as it is shipped."""
    return _shipped("access.cedarschema")


def shipped_text() -> str:
    """Return the policy that holds where custodians have approved no other."""
    return _shipped("access.cedar")


def rule_named(reason: Reason) -> str | None:
    """Return the name of the rule that forbids something; None for a reason that is no rule of a policy."""
    if reason.code != "policy-forbids" or reason.clause is None:
        return None
    return reason.clause.removeprefix(_CLAUSE)


def _shipped(name: str) -> str:
    return files("hub.policy").joinpath("shipped", name).read_text(encoding="utf-8")


@lru_cache(maxsize=4)
def load_rulebook(text: str) -> Rulebook:
    """Read a policy; raise Refused `policy-invalid` that says what is wrong, and in which line."""
    if problems := check_policy(text):
        told = "; ".join(f"line {each.line}: {each.sentence}" for each in problems)
        raise Refused("policy-invalid", f"The policy cannot be used: {told}.", problems=problems)
    nodes = cedarpy.policies_to_pst(text)
    lines = dict(zip(nodes.static_policies, start_lines(text), strict=True))
    rules = {key: _rule(node, lines[key]) for key, node in nodes.static_policies.items()}
    return Rulebook(nodes, rules)


def read_policy(text: str | None) -> Rulebook | Unusable:
    """Return the policy in force: the one shipped where there is no other, one that denies if unreadable."""
    try:
        return load_rulebook(shipped_text() if text is None else text)
    except Refused:
        return Unusable()


def check_policy(text: str) -> tuple[Problem, ...]:
    """Return what is wrong with a policy, in the order of its lines."""
    if len(text.encode("utf-8")) > MAX_BYTES:
        return (Problem(line=1, sentence=f"expected at most {MAX_BYTES:,} bytes"),)
    return problems_in(text, schema())


def ask(access: Access, policies: cedarpy.PolicySet) -> cedarpy.AuthzResult:
    """Put one question to the engine."""
    request, entities, known = prepared(access)
    return cedarpy.is_authorized(request, policies, entities, known)


def prepared(access: Access) -> tuple[dict[str, object], cedarpy.Entities, cedarpy.Schema]:
    """Return a question as the engine takes it: the request, the two parties to it, and the schema."""
    kind, who = _named(access.actor)
    request = {
        "principal": {"type": kind, "id": who},
        "action": {"type": "Action", "id": access.doing.value},
        "resource": {"type": "Record", "id": access.record_id},
        "context": _context(access),
    }
    parties = _principal(access.actor).with_added_json_str(json.dumps([_resource(access)]))
    return request, parties, schema()


def _named(actor: Actor) -> tuple[str, str]:
    kind = _TYPES[actor.kind]
    return kind, actor.id if kind == "Officer" else actor.agency


@lru_cache(maxsize=_ACTORS_MAX)
def _principal(actor: Actor) -> cedarpy.Entities:
    """Return an actor as the engine knows it; the same few ask again and again."""
    kind, who = _named(actor)
    told: dict[str, object] = {}
    if kind == "Officer":
        told = {
            "roles": [role.value for role in actor.roles],
            "clearance": actor.clearance.rank,
            "compartments": list(actor.compartments),
        }
    return cedarpy.Entities.from_json_str(
        json.dumps([{"uid": {"type": kind, "id": who}, "attrs": told, "parents": []}])
    )


def _resource(access: Access) -> dict[str, object]:
    label = access.label
    around = [access.originator, *([access.recipient] if access.recipient else [])]
    return {
        "uid": {"type": "Record", "id": access.record_id},
        "attrs": {
            "kind": access.kind,
            "purpose": access.record_purpose,
            "classification": label.classification.rank,
            "tlp": label.tlp.value,
            "handling": [code.value for code in label.handling],
            "releasable_to": label.releasable_to,
            "originator_control": label.originator_control,
            "originator": _agency(access.originator),
            "ours": access.originator == access.our_agency,
            "agreement": access.agreement,
            "compartments": list(access.compartments),
        },
        "parents": [{"type": "Agency", "id": agency} for agency in dict.fromkeys(around)],
    }


def _context(access: Access) -> dict[str, object]:
    if access.recipient is not None:
        return {"recipient": _agency(access.recipient), "member": access.member}
    if access.doing not in {Doing.READ, Doing.EXPORT}:
        return {}
    told: dict[str, object] = {"justification": access.justification}
    if access.doing is Doing.READ and access.purpose is not None:
        told["purpose"] = access.purpose.value
    return told


def _agency(name: str) -> dict[str, object]:
    return {"__entity": {"type": "Agency", "id": name}}


def _rule(node: pst.Template, line: int) -> Rule:
    name = node.annotations.get("id") or f"in line {line}"
    reason = node.annotations.get("reason") or "The policy of this hub forbids it."
    return Rule(name=name, reason=reason, line=line, forbids=node.effect == "forbid")


def _names(errors: Sequence[str], key: str) -> bool:
    return any(f"`{key}`" in error for error in errors)


def _denied(code: str, sentence: str) -> Deny:
    return Deny(reasons=(Reason(code=code, sentence=sentence),))
