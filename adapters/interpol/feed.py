"""Interpol's public feed of notices over HTTPS: each notice once, and an honest word on what was not shown.

Nothing that is answered is believed: sizes and forms are checked, and addresses that lead elsewhere are
refused. What is fetched are documents for `adapters.interpol.dialect`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, Protocol
from urllib.parse import urlencode

from adapters.carriers.mutual_tls import Answer
from adapters.interpol.codes import country_code
from adapters.interpol.partition import SHOWN_MAX, Listing, Query, Shown, questions
from adapters.reading import read_json
from hub.errors import HubError, PeerFault
from hub.records.iso import COUNTRIES

#: The lists that the public API has.
LISTS: Final = ("red", "yellow", "un")
_FOLDER: Final = "notices/v1/"
ANSWER_MAX_BYTES: Final = 4 * 1024 * 1024
_OK: Final = 200
_GONE: Final = frozenset({404, 410})
_PLAIN: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-/")


class Server(Protocol):
    """What `adapters.carriers.mutual_tls.TlsServer` does; raises PeerFault as it does."""

    def ask(self, method: str, path: str) -> Answer: ...


class Feed:
    """Reads lists and notices of one server; what cannot be reached is asked again, ever later.

    `base_url` is how addresses of notices begin; `wait` is told for how many seconds to wait.
    """

    def __init__(
        self,
        server: Server,
        *,
        base_url: str,
        countries: Sequence[str] = tuple(sorted(filter(None, map(country_code, COUNTRIES)))),
        shown_max: int = SHOWN_MAX,
        questions_max: int = 20_000,
        tries: int = 4,
        first_wait_s: float = 2.0,
        wait: Callable[[float], object] = time.sleep,
    ) -> None:
        self._server = server
        self._base = base_url.rstrip("/") + "/"
        self._countries = countries
        self._shown_max = shown_max
        self._questions_max = questions_max
        self._tries = tries
        self._first_wait_s = first_wait_s
        self._wait = wait

    def listing(self, name: str) -> Listing:
        """Return all notices of one of the lists, and how many could not be shown.

        Raises PeerFault `partner-unreachable`, `partner-misbehaved` and what reading a document raises.
        """
        asking = questions(self._countries)
        query = next(asking)
        for _ in range(self._questions_max):
            try:
                query = asking.send(self._shown(name, query))
            except StopIteration as end:
                listing: Listing = end.value
                return listing
        raise _odd(f"did not show all within {self._questions_max:,} questions")

    def notices(self, listing: Listing) -> Iterator[tuple[str, bytes]]:
        """Yield each notice of a listing once, as a document; what was withdrawn meanwhile is left out."""
        for number, path in listing.found.items():
            answer = self._ask(path)
            if answer.status == _OK:
                yield number, answer.body
            elif answer.status not in _GONE:
                raise _odd(f"answered {answer.status} to a notice that it lists")

    def address(self, path: str) -> str:
        """Return the whole address of a notice."""
        return self._base + path

    def _shown(self, name: str, query: Query) -> Shown:
        asked = {**query.parameters(), "resultPerPage": str(self._shown_max), "page": "1"}
        answer = self._ask(f"{_FOLDER}{name}?{urlencode(asked)}")
        if answer.status != _OK:
            raise _odd(f"answered {answer.status} to a search")
        value = read_json(answer.body, max_bytes=ANSWER_MAX_BYTES)
        total = value.get("total") if isinstance(value, dict) else None
        inside = value.get("_embedded") if isinstance(value, dict) else None
        notices = inside.get("notices") if isinstance(inside, dict) else None
        if type(total) is not int or total < 0 or not isinstance(notices, list):
            raise _odd("answered a search with something else than a list")
        found = dict(self._listed(one) for one in notices)
        if len(found) > total or len(notices) > self._shown_max:
            raise _odd("shows more notices than it has, or than were asked for")
        if len(found) < min(total, self._shown_max):
            raise _odd("shows fewer notices than it has, and fewer than were asked for")
        return Shown(total=total, notices=found)

    def _listed(self, notice: Any) -> tuple[str, str]:
        """Return a listed notice's number and the path of its document, which must be beneath our address."""
        number = notice.get("entity_id") if isinstance(notice, Mapping) else None
        links = notice.get("_links") if isinstance(notice, Mapping) else None
        own = links.get("self") if isinstance(links, Mapping) else None
        address = own.get("href") if isinstance(own, Mapping) else None
        if not isinstance(number, str) or not isinstance(address, str):
            raise _odd("lists a notice without number or address")
        path = address.removeprefix(self._base)
        if path == address or not path.startswith(_FOLDER) or not set(path[len(_FOLDER) :]) <= _PLAIN:
            raise _odd("lists a notice whose address leads elsewhere")
        return number, path

    def _ask(self, path: str) -> Answer:
        wait_s = self._first_wait_s
        for left in reversed(range(self._tries)):
            try:
                return self._server.ask("GET", path)
            except HubError as failure:
                if failure.code != "partner-unreachable" or not left:
                    raise
            self._wait(wait_s)
            wait_s *= 2
        raise PeerFault("partner-unreachable", "Interpol's feed was not asked.")


def _odd(sentence: str) -> PeerFault:
    return PeerFault("partner-misbehaved", f"Interpol's feed {sentence}.")
