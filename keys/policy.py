"""Which algorithm each purpose uses and where its keys lie: a policy over a table of what is allowed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from hub.errors import Refused
from keys.inventory import Where
from keys.purposes import ALGORITHMS, Algorithm, Purpose


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What is allowed for one purpose."""

    algorithms: frozenset[Algorithm]
    places: frozenset[Where]


_ANYWHERE: Final = frozenset(Where)
_FILES: Final = frozenset({Where.FILE})

#: A key on P-256 may lie in a token. Of the others PKCS #11 modules know nothing that they could be trusted
#: with, or the key itself is what the hub computes with (the master), so they lie in files.
RULES: Final[Mapping[Purpose, Rule]] = {
    purpose: Rule(
        algorithms=frozenset({algorithm}),
        places=_ANYWHERE if algorithm is Algorithm.P256 else _FILES,
    )
    for purpose, algorithm in ALGORITHMS.items()
}


@dataclass(frozen=True, kw_only=True)
class KeyPolicy:
    """Where new keys are made, and by which algorithm. Keys that are there stay what they are.

    Raises Refused `key-not-allowed` for what the table does not allow.
    """

    places: Mapping[Purpose, Where] = field(default_factory=dict)
    algorithms: Mapping[Purpose, Algorithm] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for purpose, algorithm in self.algorithms.items():
            allowed = RULES[purpose].algorithms
            if algorithm not in allowed:
                raise Refused(
                    "key-not-allowed",
                    f"Keys for {purpose.value} are made by {_listed(allowed)}, not by {algorithm.value}.",
                )
        for purpose, where in self.places.items():
            places = RULES[purpose].places
            if where not in places:
                raise Refused(
                    "key-not-allowed",
                    f"Keys for {purpose.value} lie in a {_listed(places)}, not in a {where.value}.",
                )

    def where(self, purpose: Purpose) -> Where:
        """Return where a new key for a purpose is made."""
        return self.places.get(purpose, Where.FILE)

    def algorithm(self, purpose: Purpose) -> Algorithm:
        """Return how a new key for a purpose is made."""
        return self.algorithms.get(purpose, ALGORITHMS[purpose])

    @property
    def in_token(self) -> frozenset[Purpose]:
        """Return the purposes whose new keys are made in the token."""
        return frozenset(purpose for purpose, where in self.places.items() if where is Where.TOKEN)


def policy_of(*, algorithms: Mapping[str, str], in_token: Collection[str]) -> KeyPolicy:
    """Return the policy of names as hub.toml has them; raise Refused `key-not-allowed`."""
    return KeyPolicy(
        places={_purpose(name): Where.TOKEN for name in in_token},
        algorithms={_purpose(name): _algorithm(told) for name, told in algorithms.items()},
    )


def _purpose(name: str) -> Purpose:
    try:
        return Purpose(name)
    except ValueError:
        raise Refused(
            "key-not-allowed", f"There are no keys for {name!r}; there are some for {_listed(Purpose)}."
        ) from None


def _algorithm(name: str) -> Algorithm:
    try:
        return Algorithm(name)
    except ValueError:
        raise Refused(
            "key-not-allowed", f"No key is made by {name!r}; known: {_listed(Algorithm)}."
        ) from None


def _listed(named: Iterable[Purpose] | Iterable[Algorithm] | Iterable[Where]) -> str:
    return ", ".join(sorted(one.value for one in named))


#: How long a key is used at most before another takes over. Keys of the log and of witnesses, and the master,
#: are changed for a reason and not by the calendar: their change costs others something.
AGES: Final[Mapping[Purpose, timedelta]] = {
    Purpose.SIGN_ES256: timedelta(days=730),
    Purpose.SIGN_ML_DSA_65: timedelta(days=730),
    Purpose.DECRYPT_P256: timedelta(days=365),
    Purpose.DECRYPT_XWING: timedelta(days=365),
    Purpose.TOKEN_ES256: timedelta(days=365),
    Purpose.TLS_AUTHORITY: timedelta(days=9 * 365),
}
