"""The queue as people see it."""

from __future__ import annotations

from hub.api.schemas.basics import Moment, Page, View, a_cursor, a_number, an_agency, many, one_of
from hub.api.schemas.records import EntryView
from hub.records.lifecycle import EntryState


class EntriesQuery(Page):
    """Which entries."""

    lane = an_agency(metadata={"description": "The partner, or the relay on the way to it."})
    state = one_of(EntryState)


class EntriesView(View):
    """One page of entries."""

    items = many(EntryView)
    next = a_cursor()


class CountView(View):
    """How many entries of a lane are in a state, and since when the oldest."""

    lane = an_agency(required=True)
    state = one_of(EntryState, required=True)
    count = a_number(3, required=True)
    oldest_at = Moment(required=True)
    retries = a_number(0, required=True)


class CountsView(View):
    """All lanes and states that have entries."""

    items = many(CountView)
