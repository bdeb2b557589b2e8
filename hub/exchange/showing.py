"""The one way by which content leaves: through the commit of the entries that tell of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeVar

from hub.audit.catalogue import Category, category_of
from hub.audit.events import AuditEvent
from hub.errors import OurFault
from hub.ports import UnitOfWork

_TELLING: Final = frozenset({Category.CONSULTATION, Category.DISCLOSURE})

Shown = TypeVar("Shown")


def let_out(work: UnitOfWork, contents: Sequence[Shown], events: Sequence[AuditEvent]) -> Sequence[Shown]:
    """Commit the unit of work with its entries, and only then return what they tell of.

    Raises OurFault `audit-missing` unless there is an entry of a consultation or a disclosure for each.
    """
    telling = sum(category_of(event.act) in _TELLING for event in events)
    if telling < len(contents):
        raise OurFault(
            "audit-missing",
            f"{len(contents)} contents were to be shown and {telling} entries tell of it; none was shown.",
        )
    work.stage(events)
    work.commit()
    return contents
