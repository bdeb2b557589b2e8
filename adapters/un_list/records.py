"""Designation records from the list."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from typing import Any, Final

from adapters.un_list.reading import Entry, UnList
from hub.records.ids import made_at, new_id
from hub.records.kinds import Kind, Purpose
from hub.records.label import Classification, Label, Tlp
from hub.records.times import as_text

#: The list's own word -> the committee's list, by the resolution that set it up.
LISTS: Final = {
    "Al-Qaida": "unsc-1267",
    "Taliban": "unsc-1988",
    "Somalia": "unsc-751",
    "Iraq": "unsc-1518",
    "DRC": "unsc-1533",
    "Sudan": "unsc-1591",
    "DPRK": "unsc-1718",
    "Libya": "unsc-1970",
    "GB": "unsc-2048",
    "CAR": "unsc-2745",
    "Yemen": "unsc-2140",
    "SouthSudan": "unsc-2206",
    "Iran": "unsc-2231",
    "Haiti": "unsc-2653",
}
AL_QAIDA: Final = frozenset({"Al-Qaida"})

_LABEL: Final = Label(classification=Classification.UNCLASSIFIED, tlp=Tlp.CLEAR)


def designations(
    un_list: UnList,
    originator: str,
    *,
    list_types: Container[str] = AL_QAIDA,
    agreement: str = "unsc-1267",
    articles: Sequence[str] = ("2368(2017) para. 1",),
    label: Label = _LABEL,
) -> Iterator[dict[str, Any]]:
    """Yield one new record document for each entry of the lists asked for, which is 1267 alone unless told.

    The documents load as they are. `agreement` and `articles` are the legal basis that they name.
    """
    for entry in un_list.entries:
        if entry.list_type in list_types:
            yield _document(entry, un_list, originator) | {
                "label": label.as_document(),
                "legal_basis": {"agreement": agreement, "articles": list(articles)},
            }


def _document(entry: Entry, un_list: UnList, originator: str) -> dict[str, Any]:
    record_id = new_id()
    return {
        "id": record_id,
        "version": 1,
        "kind": Kind.DESIGNATION.value,
        "action": "new",
        "originator": originator,
        "created_at": as_text(made_at(record_id)),
        "purpose": Purpose.SANCTIONS.value,
        "conversation": record_id,
        "language": "en",
        "subjects": [dict(entry.subject)],
        "narrative": entry.comments,
        "details": _details(entry, un_list),
        "attachments": [],
    }


def _details(entry: Entry, un_list: UnList) -> dict[str, Any]:
    measures = ["asset-freeze", "travel-ban", "arms-embargo"]
    if entry.subject["type"] != "person":
        measures.remove("travel-ban")
    details: dict[str, Any] = {
        "list": LISTS[entry.list_type],
        "reference": entry.reference,
        "listed_on": entry.listed_on,
        "measures": measures,
        "list_generated_at": as_text(un_list.generated_at),
        "source_id": entry.data_id,
    }
    if entry.amended_on:
        details["amended_on"] = list(entry.amended_on)
    if entry.links:
        details["links"] = [_link(url) for url in entry.links]
    return details


def _link(url: str) -> dict[str, Any]:
    """Most links lead to Interpol's page of special notices, the same for all; some to other pages."""
    about = {"about": "INTERPOL-UN Security Council Special Notice"} if "interpol.int/" in url else {}
    return {"url": url} | about
