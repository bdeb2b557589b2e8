"""Collections that partners read and write by TAXII, their objects, and what was laid out and posted."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

#: The digest of an object whose content was erased: it tells nothing, and is told by nothing.
FORGOTTEN: Final = ""


@dataclass(frozen=True, kw_only=True)
class CollectionRow:
    """One collection of one agency: it reads what is laid out under a label, or writes what it posts.

    `last` is the number that was given last and `added_at` the date; both only rise, in commit order.
    """

    collection_id: str
    agency: str
    label: str
    writes: bool
    last: int
    added_at: datetime
    opened_at: datetime


@dataclass(frozen=True, kw_only=True)
class ObjectRow:
    """One version of one object in a collection, under a number that never changes. Its content is elsewhere.

    `stamped` tells whether the version stands in the object; else it is when the object was added. `digest`
    is of the object alone.
    """

    collection_id: str
    number: int
    object_id: str
    sort: str
    version: datetime
    stamped: bool
    digest: str
    added_at: datetime
    fetched_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class PartRow:
    """Where an object's content is: at a place in the bundle of a parcel. One object may be in several."""

    collection_id: str
    number: int
    parcel_id: str
    place: int


@dataclass(frozen=True, kw_only=True)
class LaidRow:
    """A parcel that was laid out for an agency, and when its last object was fetched.

    `digest` is the SHA-256 of its bytes, which lie in the body `body_id`; `thumbprint` is of the certificate
    that was shown last.
    """

    parcel_id: str
    agency: str
    collection_id: str
    body_id: str
    digest: bytes
    laid_at: datetime
    fetched_at: datetime | None = None
    thumbprint: str | None = None
    settled: bool = False


@dataclass(frozen=True, kw_only=True)
class PostRow:
    """What an agency posted at once: one parcel, kept in the body of the same id until it is answered.

    `code` says why it was refused; it was taken where there is none.
    """

    post_id: str
    agency: str
    collection_id: str
    objects: int
    posted_at: datetime
    answered_at: datetime | None = None
    code: str | None = None
    sentence: str = ""


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Which objects are wanted (TAXII 2.1 §3.5). Of `versions`, none means the last of each object."""

    added_after: datetime | None = None
    ids: frozenset[str] = frozenset()
    sorts: frozenset[str] = frozenset()
    first: bool = False
    last: bool = True
    every: bool = False
    at: frozenset[datetime] = frozenset()


class Taxii(Protocol):
    """The collections of all agencies."""

    def of(self, agency: str) -> Sequence[CollectionRow]:
        """Return an agency's collections by label."""
        ...

    def open(self, row: CollectionRow) -> None:
        """Add a collection, unless the agency has one with this label and direction."""
        ...

    def take(self, collection_id: str, count: int, at: datetime) -> tuple[int, datetime]:
        """Return the first of so many new numbers, and a date added for it; each further one is 1 µs later.

        No other unit of work gets any until this one ends, so a reader who has seen one has seen, or never
        will see, every lower one, by number and by date.
        """
        ...

    def versions(self, collection_id: str, object_ids: Collection[str]) -> Sequence[ObjectRow]:
        """Return all versions of some objects."""
        ...

    def add(self, objects: Sequence[ObjectRow], parts: Sequence[PartRow]) -> None:
        """Add objects, and where content is."""
        ...

    def contents(self, parcel_id: str) -> Sequence[ObjectRow]:
        """Return the objects of a parcel in its order."""
        ...

    def page(self, collection_id: str, wanted: Filter, *, after: int, limit: int) -> Sequence[ObjectRow]:
        """Return objects with a number above `after`, lowest first."""
        ...

    def parts(self, collection_id: str, numbers: Collection[int]) -> Sequence[PartRow]:
        """Return where the content of some objects is."""
        ...

    def fetched(
        self, collection_id: str, numbers: Collection[int], *, at: datetime, thumbprint: str | None
    ) -> Sequence[str]:
        """Note that objects were fetched; return the ids of parcels of which nothing is left to fetch now."""
        ...

    def lay(self, row: LaidRow) -> None:
        """Add a parcel that was laid out."""
        ...

    def laid(self, parcel_id: str) -> LaidRow | None:
        """Return a parcel that was laid out."""
        ...

    def fetched_parcels(self, agency: str, limit: int) -> Sequence[LaidRow]:
        """Return parcels whose last object was fetched and that are not settled, oldest first."""
        ...

    def settle(self, parcel_id: str) -> None:
        """Note that it is known elsewhere that a parcel was fetched; bookkeeping."""
        ...

    def post(self, row: PostRow) -> None:
        """Add a post."""
        ...

    def posted(self, post_id: str) -> PostRow | None:
        """Return a post."""
        ...

    def unanswered(self, agency: str, limit: int) -> Sequence[PostRow]:
        """Return posts that were not answered, oldest first."""
        ...

    def answer(self, post_id: str, *, code: str | None, sentence: str, at: datetime) -> None:
        """Answer a post that was not answered yet."""
        ...

    def keep_digest(self, row: ObjectRow, digest: str) -> None:
        """Give an object whose digest was forgotten the one of the content that it has now."""
        ...

    def forget(self, parcel_ids: Collection[str]) -> None:
        """Forget the digests of parcels and posts, which objects they held, and the digests of those objects.

        An object that another parcel holds too keeps its own.
        """
        ...
