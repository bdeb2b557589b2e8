"""Run the conformance kit: each check by its name, all of them, whatever the first says."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from adapters.contract import Adapter
from adapters.kit import carriers, dialects
from hub.errors import HubError


@dataclass(frozen=True, kw_only=True)
class Result:
    """What one check came to: what was looked at, or what does not hold."""

    check: str
    holds: bool
    sentence: str


def steps(examples: int) -> Mapping[str, Callable[[Adapter], str]]:
    """Return the checks by their names, in their order."""
    return {
        "introduction": dialects.introduces_itself,
        "kinds": dialects.refuses_other_kinds,
        "round trips and loss reports": partial(dialects.round_trips, examples=examples),
        "unknown parts": dialects.keeps_what_is_unknown,
        "hostile documents": partial(dialects.refuses_the_hostile, count=max(2, examples // 20)),
        "memory": dialects.bounds_its_memory,
        "rules": dialects.states_its_rules,
        "seal": carriers.seals,
        "carrier": carriers.carries,
    }


def check(adapter: Adapter, *, examples: int = 200, only: Collection[str] | None = None) -> Iterator[Result]:
    """Yield the result of each check, as it is known.

    `examples` is how many records are drawn; `only` names the checks that are wanted.
    """
    for name, step in steps(examples).items():
        if only is not None and name not in only:
            continue
        try:
            yield Result(check=name, holds=True, sentence=step(adapter))
        except dialects.Failed as failed:
            yield Result(check=name, holds=False, sentence=str(failed))
        except HubError as failure:
            yield Result(check=name, holds=False, sentence=f"it raised {failure.code}: {failure.sentence}")
        except Exception as error:  # noqa: BLE001 - an adapter's bug fails its check, not the kit
            yield Result(check=name, holds=False, sentence=f"it raised {type(error).__name__}: {error}")
