"""All notices through a search that shows 160 at most: asked in parts, small enough to be shown whole.

Pure: it yields what to ask next and is sent what came. A part that is too large is asked again by sex, then
by age in halves, then by nationality, then by the country of the warrant. What no part shows is counted,
because the first answer tells how many there are: nobody may take an incomplete list for a complete one.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

#: As many results as the search shows, on however many pages.
SHOWN_MAX: Final = 160
OLDEST: Final = 120
_SEXES: Final = ("M", "F", "U")


@dataclass(frozen=True, kw_only=True)
class Query:
    """One question to the search."""

    sex: str | None = None
    ages: tuple[int, int] | None = None
    nationality: str | None = None
    warrant: str | None = None

    def parameters(self) -> dict[str, str]:
        """Return the names that the public API gives to what is asked."""
        youngest, oldest = self.ages or (None, None)
        named = {
            "sexId": self.sex,
            "ageMin": youngest,
            "ageMax": oldest,
            "nationality": self.nationality,
            "arrestWarrantCountryId": self.warrant,
        }
        return {name: str(value) for name, value in named.items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What one question showed: how many there are, and by number the address of each that is shown."""

    total: int
    notices: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Listing:
    """All notices that were found, by number with the address of each, and how many no question showed."""

    found: Mapping[str, str] = field(repr=False)
    missing: int

    def gone(self, before: Mapping[str, object]) -> frozenset[str]:
        """Return what was there before and was withdrawn; an incomplete list does not say."""
        return frozenset() if self.missing else frozenset(before) - frozenset(self.found)


Questions = Generator[Query, Shown, Listing]
_Part = Generator[Query, Shown, tuple[frozenset[str], int]]
#: Ways to split a part of which no notice is in two: what one of the smaller does not show, none shows.
_DISJOINT: Final = frozenset({"sex", "ages"})


def questions(countries: Sequence[str]) -> Questions:
    """Yield questions until all notices were shown or no question is left; return what was found."""
    return (yield from _Sweep(countries).all())


class _Sweep:
    def __init__(self, countries: Sequence[str]) -> None:
        self._countries = countries
        self._found: dict[str, str] = {}
        self._total = 0

    def all(self) -> Questions:
        yield from self._part(Query(), frozenset())
        return Listing(found=dict(self._found), missing=max(0, self._total - len(self._found)))

    def _part(self, query: Query, tried: frozenset[str]) -> _Part:
        """Ask one part, and what is beneath it as long as something of it may still be shown.

        Return what of it was shown, and how many were not. What was tried above is not tried again beneath:
        it would show the same once more.
        """
        shown = yield query
        self._found.update(shown.notices)
        if query == Query():
            self._total = shown.total
        seen = frozenset(shown.notices)
        out_of_reach = 0
        for name, split in _SPLITS.items():
            halving = name == "ages" and query.ages is not None
            if name in tried and not halving:
                continue
            tried |= {name}
            for smaller in split(query, self._countries):
                if len(seen) + out_of_reach >= shown.total or len(self._found) >= self._total:
                    return seen, max(0, shown.total - len(seen))
                more, short = yield from self._part(smaller, tried)
                seen |= more
                out_of_reach += short if name in _DISJOINT else 0
        return seen, max(0, shown.total - len(seen))


def _by_sex(query: Query, _: Sequence[str]) -> Iterator[Query]:
    return (replace(query, sex=sex) for sex in _SEXES)


def _by_age(query: Query, _: Sequence[str]) -> Iterator[Query]:
    """Yield the two halves of an age; one year is not halved."""
    lowest, highest = query.ages or (0, OLDEST)
    middle = (lowest + highest) // 2
    if lowest < highest:
        yield replace(query, ages=(lowest, middle))
        yield replace(query, ages=(middle + 1, highest))


def _by_nationality(query: Query, countries: Sequence[str]) -> Iterator[Query]:
    return (replace(query, nationality=country) for country in countries)


def _by_warrant(query: Query, countries: Sequence[str]) -> Iterator[Query]:
    return (replace(query, warrant=country) for country in countries)


_Split = Callable[[Query, Sequence[str]], Iterator[Query]]
_SPLITS: Final[Mapping[str, _Split]] = {
    "sex": _by_sex,
    "ages": _by_age,
    "nationality": _by_nationality,
    "warrant": _by_warrant,
}
