"""Records of a batch abreast: one step of each in turn, instead of one record after the other.

All steps of one record go through more code and tables than the processor's caches hold, so each record pays
for fetching them again. A step that is taken for several records in a row pays once: the same work on a batch
takes about two thirds of the time (docs/benchmarks.md).

A way is a generator that yields between its steps. What must not be seen half done stands within one step.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from itertools import islice
from typing import Final, TypeVar

_End = TypeVar("_End")

#: The steps of one item, and what it comes to.
Way = Generator[None, None, _End]

#: So many go abreast: whole batches of the usual size, so that each step is fetched once for all of them.
_AT_ONCE: Final = 64


def abreast(ways: Iterable[Way[_End]]) -> list[_End]:
    """Return what each way comes to, in order.

    What one raises is raised as if they were walked one after the other: the first in order counts, once all
    before it have come to their ends, and those behind it are given up.
    """
    coming = iter(ways)
    ends: list[_End] = []
    while group := list(islice(coming, _AT_ONCE)):
        ends += _walk(group)
    return ends


def alone(way: Way[_End]) -> _End:
    """Return what one way comes to."""
    return _walk([way])[0]


def _walk(ways: list[Way[_End]]) -> list[_End]:
    ends: dict[int, _End] = {}
    failure: Exception | None = None
    on_the_way = list(enumerate(ways))
    while on_the_way:
        further = []
        for place, way in on_the_way:
            try:
                next(way)
            except StopIteration as end:
                ends[place] = end.value
            except Exception as error:  # noqa: BLE001 - it is raised below
                failure = error
                break
            else:
                further.append((place, way))
        on_the_way = further
    if failure is not None:
        raise failure
    return [ends[place] for place in range(len(ways))]
