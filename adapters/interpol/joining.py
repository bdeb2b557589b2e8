"""UN Special Notices beside the Security Council's list: which belong together, by reference."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Record = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Joined:
    """What belongs together, and what stands alone.

    A notice whose entry is not listed is to be looked at: the entry was removed, or the list is older than
    the notice. A listed entry without a notice is nothing unusual.
    """

    pairs: tuple[tuple[Record, Record], ...]
    notices_unlisted: tuple[Record, ...]
    entries_without: tuple[Record, ...]


def reference_of(text: str) -> str:
    """Return a reference as it is compared: published lists pad it with blanks, and letters vary in case."""
    return "".join(text.split()).casefold()


def join(notices: Iterable[Record], designations: Iterable[Record]) -> Joined:
    """Join UN Special Notices with designations by `un_reference`; other notices are left out.

    Both are records, as far as `adapters.interpol.dialect` and `adapters.un_list` make them. An entry may
    have several notices; a notice has one entry.
    """
    entries = {reference_of(one["details"]["reference"]): one for one in designations}
    pairs: list[tuple[Record, Record]] = []
    alone: list[Record] = []
    joined: set[str] = set()
    for notice in notices:
        if notice.get("details", {}).get("colour") != "un-special":
            continue
        reference = reference_of(notice["details"].get("listing", {}).get("reference", ""))
        if reference in entries:
            pairs.append((notice, entries[reference]))
            joined.add(reference)
        else:
            alone.append(notice)
    return Joined(
        pairs=tuple(pairs),
        notices_unlisted=tuple(alone),
        entries_without=tuple(entry for reference, entry in entries.items() if reference not in joined),
    )
