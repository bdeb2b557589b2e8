"""The UN Security Council's Consolidated List: read the published XML, make designation records of it."""

from adapters.un_list.reading import Entry, UnList, read_list
from adapters.un_list.records import designations

__all__ = ["Entry", "UnList", "designations", "read_list"]
