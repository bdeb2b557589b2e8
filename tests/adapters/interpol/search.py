"""A stand-in for Interpol's public search: the same parameters, and no more than some results at a time.

It is filled from the real files, and from variants of them: as many as the public search really has are not
among the test data.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from adapters.interpol.partition import Query, Shown

BASE = "https://ws-public.interpol.int"
YEAR = 2026


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A notice as the search sees it; age is None where the date of birth is not known."""

    number: str
    sex: str = "U"
    age: int | None = None
    nationalities: tuple[str, ...] = ()
    warrants: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        """Return where its document is."""
        return f"{BASE}/notices/v1/red/{self.number.replace('/', '-')}"

    def listed(self) -> dict[str, Any]:
        """Return it as the search lists it."""
        born = "0000/00/00" if self.age is None else f"{YEAR - self.age}/01/01"
        return {
            "entity_id": self.number,
            "name": "INVENTED",
            "forename": "",
            "date_of_birth": born,
            "nationalities": list(self.nationalities) or None,
            "_links": {"self": {"href": self.address}},
        }


class Search:
    """All entries, behind a search that shows some."""

    def __init__(self, entries: Sequence[Entry], *, shown_max: int = 160) -> None:
        self.entries = entries
        self.shown_max = shown_max
        self.asked: list[str] = []
        self.fetched: list[str] = []

    def matching(self, asked: Mapping[str, str]) -> list[Entry]:
        """Return what fits a question."""
        youngest, oldest = int(asked.get("ageMin", -1)), int(asked.get("ageMax", 999))
        aged = "ageMin" in asked or "ageMax" in asked
        return [
            one
            for one in self.entries
            if asked.get("sexId", one.sex) == one.sex
            and (not aged or (one.age is not None and youngest <= one.age <= oldest))
            and ("nationality" not in asked or asked["nationality"] in one.nationalities)
            and ("arrestWarrantCountryId" not in asked or asked["arrestWarrantCountryId"] in one.warrants)
        ]

    def shown(self, query: Query) -> Shown:
        """Answer a question as the planner is told of it."""
        found = self.matching(query.parameters())
        return Shown(total=len(found), notices={one.number: one.address for one in found[: self.shown_max]})

    def answer(self, target: str) -> tuple[int, bytes]:
        """Answer a request of HTTP."""
        url = urlsplit(target)
        room = url.path.removeprefix("/notices/v1/")
        if "/" not in room:
            self.asked.append(target)
            asked = dict(parse_qsl(url.query))
            found = self.matching(asked)
            limit = min(self.shown_max, int(asked["resultPerPage"]))
            listed = [one.listed() for one in found[:limit]]
            body = {"total": len(found), "query": asked, "_embedded": {"notices": listed}, "_links": {}}
            return 200, json.dumps(body).encode()
        for one in self.entries:
            if one.address == BASE + url.path:
                self.fetched.append(one.number)
                return 200, json.dumps(one.listed() | {"sex_id": one.sex}).encode()
        return 404, b"{}"
