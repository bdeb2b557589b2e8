"""The UN Security Council's Consolidated List: read the published XML, make designation records of it."""

from adapters.un_list.reading import Entry, UnList, read_list
from adapters.un_list.records import LISTS, designations

__all__ = ["LISTS", "Entry", "UnList", "designations", "read_list"]
