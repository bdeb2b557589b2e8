"""Requests of TAXII 2.1 to one API root, and what may be believed of the answers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote, urlencode

from adapters.carriers.mutual_tls import Answer, TlsServer
from adapters.carriers.taxii.assembling import name
from adapters.reading import read_json, write_json
from hub.errors import HubError, PeerFault
from hub.records.times import as_time

MEDIA_TYPE: Final = "application/taxii+json;version=2.1"
#: What says that this request will never be taken, as opposed to this caller or this address.
REFUSALS: Final = frozenset({400, 413, 422})
_CURSOR_MAX: Final = 4096
_IDS_EACH: Final = 20


@dataclass(frozen=True, kw_only=True)
class Page:
    """One answer of a collection: objects by name, the last date added, and how it goes on."""

    objects: Mapping[str, Mapping[str, Any]] = field(repr=False)
    last: str | None
    more: bool
    next: str | None


class ApiRoot:
    """An API root of the partner's TAXII server."""

    def __init__(self, server: TlsServer, *, max_bytes: int, page_objects: int) -> None:
        self._server = server
        self._max_bytes = max_bytes
        self._page_objects = page_objects

    def page(self, collection: str, *, after: str | None, next_page: str | None) -> Page | None:
        """Return a page of a collection's objects in all versions (§5.4); None where `next` has run out."""
        query = {"limit": str(self._page_objects), "match[version]": "all"}
        if after is not None:
            query["added_after"] = after
        if next_page is not None:
            query["next"] = next_page
        answer = self._get(f"collections/{quote(collection)}/objects/?{urlencode(query)}")
        if next_page is not None and answer.status in (400, 404, 410, 422):
            return None
        return self._page(need(answer, 200))

    def objects(self, collection: str, ids: Collection[str], *, versions: str) -> dict[str, Any]:
        """Return those objects of a collection that have one of these ids."""
        found: dict[str, Any] = {}
        listed = sorted(ids)
        for start in range(0, len(listed), _IDS_EACH):
            query = {
                "limit": str(self._page_objects),
                "match[id]": ",".join(listed[start : start + _IDS_EACH]),
                "match[version]": versions,
            }
            answer = self._get(f"collections/{quote(collection)}/objects/?{urlencode(query)}")
            if answer.status != 404:
                found |= self._page(need(answer, 200)).objects
        return found

    def add(self, collection: str, objects: Collection[Mapping[str, Any]]) -> Answer:
        """Post objects to a collection (§5.5); returns the answer 202, or one of `REFUSALS`."""
        answer = self._server.ask(
            "POST",
            f"collections/{quote(collection)}/objects/",
            headers={"Content-Type": MEDIA_TYPE, "Accept": MEDIA_TYPE},
            body=write_json({"objects": objects}),
        )
        return answer if answer.status in REFUSALS else need(answer, 202)

    def status(self, status_id: str) -> Answer | None:
        """Return what became of a post (§4.3); None where the server no longer knows."""
        answer = self._get(f"status/{quote(status_id)}/")
        return None if answer.status == 404 else need(answer, 200)

    def collection(self, collection: str) -> dict[str, Any]:
        """Return what the server says of a collection (§5.2)."""
        return self.read(need(self._get(f"collections/{quote(collection)}/"), 200))

    def read(self, answer: Answer) -> dict[str, Any]:
        """Return the object that an answer holds. Raises PeerFault `partner-misbehaved`."""
        try:
            value = read_json(answer.body, max_bytes=self._max_bytes)
        except HubError as error:
            raise PeerFault("partner-misbehaved", error.sentence) from None
        if not isinstance(value, dict):
            raise _misbehaved("its answer is not an object")
        return value

    def _get(self, path: str) -> Answer:
        return self._server.ask("GET", path, headers={"Accept": MEDIA_TYPE})

    def _page(self, answer: Answer) -> Page:
        said = self.read(answer)
        objects, more, further = said.get("objects", []), said.get("more", False), said.get("next")
        if not isinstance(objects, list) or not all(isinstance(each, dict) for each in objects):
            raise _misbehaved("its objects are not a list of objects")
        if not isinstance(more, bool) or not isinstance(further, str | None):
            raise _misbehaved("its envelope does not say how it goes on")
        if further is not None and (not further or len(further) > _CURSOR_MAX):
            raise _misbehaved("its cursor is empty or too long")
        return Page(
            objects={name(each): each for each in objects},
            last=_added(answer.headers.get("x-taxii-date-added-last")),
            more=more,
            next=further if more else None,
        )


def need(answer: Answer, status: int) -> Answer:
    """Return the answer that has this status and speaks TAXII. Raises PeerFault `partner-misbehaved`."""
    if answer.status != status:
        raise PeerFault(
            "partner-misbehaved",
            f"The partner's server answered {answer.status}; expected {status}.",
            status=answer.status,
        )
    if not answer.headers.get("content-type", "").lower().startswith("application/taxii+json"):
        raise _misbehaved("its answer is not of the media type application/taxii+json")
    return answer


def instant(at: datetime) -> str:
    """Return a time as TAXII writes it (§1.4.4), always with six digits so that texts sort as times."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"


def _added(told: str | None) -> str | None:
    """Return a date added; None where the server does not say, or says what is no time."""
    if told is None:
        return None
    try:
        return instant(as_time(told))
    except ValueError:
        return None


def _misbehaved(sentence: str) -> PeerFault:
    return PeerFault("partner-misbehaved", f"The partner's server does not keep to TAXII 2.1: {sentence}.")
