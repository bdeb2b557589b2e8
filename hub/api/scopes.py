"""What a token may be used for: `submit:KIND` and `collect:KIND` for systems, `role:ROLE` for officers."""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum

from hub.records.actor import Role


class Way(Enum):
    """Which way a member's records go: into this hub, or out of it."""

    SUBMIT = "submit"
    COLLECT = "collect"


def covers(scopes: Collection[str], way: Way, kind: str) -> bool:
    """Tell whether scopes allow this kind this way; `*` stands for every kind."""
    return f"{way.value}:{kind}" in scopes or f"{way.value}:*" in scopes


def goes(scopes: Collection[str], way: Way) -> bool:
    """Tell whether scopes allow any kind this way."""
    return any(scope.startswith(f"{way.value}:") for scope in scopes)


def narrowed(asked: str, held: Collection[str]) -> frozenset[str] | None:
    """Return what was asked for when all of it is held, everything held when nothing was asked, else None."""
    wanted = frozenset(asked.split())
    if not wanted:
        return frozenset(held)
    return wanted if still_held(wanted, held) == wanted else None


def still_held(scopes: Collection[str], held: Collection[str]) -> frozenset[str]:
    """Return those scopes that are held, by themselves or by their way's `*`."""
    return frozenset(s for s in scopes if s in held or f"{s.partition(':')[0]}:*" in held)


def of_roles(roles: Collection[Role]) -> frozenset[str]:
    """Return roles as scopes of an officer's token."""
    return frozenset(f"role:{role.value}" for role in roles)


def roles_of(scopes: Collection[str]) -> frozenset[Role]:
    """Return the roles that an officer's token holds."""
    return frozenset(Role(scope.removeprefix("role:")) for scope in scopes if scope.startswith("role:"))
