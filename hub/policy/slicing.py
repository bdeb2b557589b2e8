"""Which rules of a policy can apply to a question: those left out would be neither satisfied nor in error.

Cedar's engine asks every rule of a set, and any rule that fails denies. So a rule is left out only where its
head does not match, or where one of its conditions is surely false and none of them can fail. What is not
known of a question, or could fail, keeps the rule. The engine stops at the first operand that decides
(Cedar, "Operators and functions": `&&`, `||`, `if`), and so does this.
"""

from __future__ import annotations

from enum import Enum
from typing import Final, NamedTuple

from cedarpy import pst

from hub.policy.access import Doing


class Asked(NamedTuple):
    """What is known of a question beforehand: who, what, between which agencies, under which agreement."""

    kind: str
    doing: Doing
    originator: str
    ours: bool
    agreement: str
    recipient: str | None
    member: bool


class _Open(Enum):
    """What an expression comes to where it is not known: some value, or perhaps an error."""

    VALUE = "a value that is not known here"
    FAILURE = "a value, or an error"


_Found = bool | int | str | pst.EntityUid | _Open

_AGENCY: Final = pst.EntityType("Agency")
#: What the schema gives every record and every officer: reading it never fails.
_OF_RECORD: Final = frozenset(
    {
        "kind",
        "purpose",
        "classification",
        "tlp",
        "handling",
        "releasable_to",
        "originator_control",
        "compartments",
    }
)
_OF_OFFICER: Final = frozenset({"roles", "clearance", "compartments"})
#: What never fails on operands that the schema's check lets through; sums can overflow, and are not here.
_SAFE: Final = frozenset(
    {"less", "less_eq", "greater", "greater_eq", "contains", "contains_all", "contains_any", "in"}
)


def may_apply(rule: pst.Template, asked: Asked) -> bool:
    """Tell whether a rule may be satisfied by a question, or fail on it."""
    if not (
        _may_be(rule.principal, asked.kind)
        and _may_do(rule.action, asked.doing)
        and _may_concern(rule.resource, asked)
    ):
        return False
    found = [_clause(clause, asked) for clause in rule.clauses]
    return False not in found or _Open.FAILURE in found


def _clause(clause: pst.Clause, asked: Asked) -> bool | _Open:
    found = _truth(clause.expr, asked)
    return found if isinstance(clause, pst.When) else _not(found)


def _truth(expr: pst.Expr, asked: Asked) -> bool | _Open:
    """Return what a condition comes to; what is no truth value fails."""
    found = _value(expr, asked)
    return found if isinstance(found, bool | _Open) else _Open.FAILURE


def _value(expr: pst.Expr, asked: Asked) -> _Found:
    match expr:
        case pst.BoolLit(value) | pst.LongLit(value) | pst.StringLit(value) | pst.EntityLit(value):
            return value
        case pst.Var("action"):
            return pst.EntityUid(pst.EntityType("Action"), asked.doing.value)
        case pst.Var():
            return _Open.VALUE
        case pst.GetAttr(pst.Var(name), attr):
            return _attribute(name, attr, asked)
        case pst.HasAttr(base, _) | pst.Like(base, _):
            return _either(_value(base, asked))
        case pst.Is(base, _, None):
            return _either(_value(base, asked))
        case pst.UnaryOp("not", arg):
            return _not(_truth(arg, asked))
        case pst.UnaryOp("is_empty", arg):
            return _either(_value(arg, asked))
        case pst.Set(elements):
            return _either(*(_value(one, asked) for one in elements))
        case pst.IfThenElse(cond, then_expr, else_expr):
            return _chosen(_truth(cond, asked), _value(then_expr, asked), _value(else_expr, asked))
        case pst.BinaryOp():
            return _binary(expr, asked)
        case _:
            return _Open.FAILURE


def _binary(expr: pst.BinaryOp, asked: Asked) -> _Found:
    if expr.op in {"and", "or"}:
        return _both(expr.op == "and", _truth(expr.left, asked), _truth(expr.right, asked))
    if expr.op == "in" and (known := _within(expr.left, expr.right, asked)) is not None:
        return known
    left, right = _value(expr.left, asked), _value(expr.right, asked)
    if expr.op in {"eq", "not_eq"}:
        found = _equal(left, right)
        return found if expr.op == "eq" else _not(found)
    return _either(left, right) if expr.op in _SAFE else _Open.FAILURE


def _attribute(name: str, attr: str, asked: Asked) -> _Found:
    """Return an attribute that every question of this sort has; another may be missing, and fail."""
    match name, attr:
        case "resource", "originator":
            return pst.EntityUid(_AGENCY, asked.originator)
        case "resource", "ours":
            return asked.ours
        case "resource", "agreement":
            return asked.agreement
        case "resource", _ if attr in _OF_RECORD:
            return _Open.VALUE
        case "principal", _ if attr in _OF_OFFICER and asked.kind == "Officer":
            return _Open.VALUE
        case "context", "recipient" if asked.recipient is not None:
            return pst.EntityUid(_AGENCY, asked.recipient)
        case "context", "member" if asked.recipient is not None:
            return asked.member
        case "context", "justification" if asked.doing in {Doing.READ, Doing.EXPORT}:
            return _Open.VALUE
        case _:
            return _Open.FAILURE


def _within(left: pst.Expr, right: pst.Expr, asked: Asked) -> bool | None:
    """Tell whether the record is in an agency, or in one of several; None for all else."""
    named = right.elements if isinstance(right, pst.Set) else (right,)
    agencies = [one.value for one in named if isinstance(one, pst.EntityLit) and one.value.type == _AGENCY]
    if left != pst.Var("resource") or len(agencies) < len(named):
        return None
    return any(one.id in {asked.originator, asked.recipient} for one in agencies)


def _equal(left: _Found, right: _Found) -> bool | _Open:
    if isinstance(left, _Open) or isinstance(right, _Open):
        return _either(left, right)
    return type(left) is type(right) and left == right


def _both(conjunction: bool, left: bool | _Open, right: bool | _Open) -> bool | _Open:
    """Return `left && right`, or `left || right`: the left is asked first, and may decide alone."""
    decides = not conjunction
    if left is decides or left is _Open.FAILURE:
        return left
    if left is (not decides) or right is _Open.FAILURE:
        return right
    return decides if right is decides else _Open.VALUE


def _chosen(cond: bool | _Open, then: _Found, otherwise: _Found) -> _Found:
    if isinstance(cond, bool):
        return then if cond else otherwise
    return _Open.FAILURE if cond is _Open.FAILURE else _either(then, otherwise)


def _not(found: bool | _Open) -> bool | _Open:
    return not found if isinstance(found, bool) else found


def _either(*found: _Found) -> _Open:
    """Return what is not known, and fails where one of these may."""
    return _Open.FAILURE if _Open.FAILURE in found else _Open.VALUE


def _may_be(scope: pst.PrincipalOrResourceConstraint, kind: str) -> bool:
    """Tell whether a rule's head may match an actor of this type."""
    if isinstance(scope, pst.ScopeIs | pst.ScopeIsIn):
        return scope.entity_type.basename == kind
    if isinstance(scope, pst.ScopeEq) and isinstance(scope.entity, pst.EntityUid):
        return scope.entity.type.basename == kind
    return True


def _may_do(scope: pst.ActionConstraint, doing: Doing) -> bool:
    """Tell whether a rule's head may match what is done."""
    if isinstance(scope, pst.ActionEq):
        return scope.entity.id == doing.value
    if isinstance(scope, pst.ActionIn):
        return doing.value in {one.id for one in scope.entities}
    return True


def _may_concern(scope: pst.PrincipalOrResourceConstraint, asked: Asked) -> bool:
    """Tell whether a rule's head may match a record that is in these agencies."""
    if isinstance(scope, pst.ScopeIn | pst.ScopeIsIn) and isinstance(scope.entity, pst.EntityUid):
        around = {asked.originator, asked.recipient}
        return scope.entity.type.basename != "Agency" or scope.entity.id in around
    return True
