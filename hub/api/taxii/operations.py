"""The addresses of TAXII 2.1: what was laid out for the caller, and what the caller posts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from flask import Response, request

from hub.api.parsing import whole
from hub.api.taxii.answers import MEDIA_TYPE, instant, need_content_type, taxii_response
from hub.api.taxii.filters import Wanted, next_of, read_query
from hub.api.taxii.room import PREFIX, Asked, TaxiiRoom
from hub.audit.events import Act
from hub.audit.trail import writes, writes_nothing
from hub.errors import Refused
from hub.exchange.taxii.collecting import (
    Shown,
    collect_objects,
    collections_of,
    find_collection,
    list_objects,
)
from hub.exchange.taxii.inbox import (
    collect_member_objects,
    lay_out_inbox,
    list_member_objects,
    member_collections,
)
from hub.exchange.taxii.posting import Posted, find_post, post_objects
from hub.ports.taxii import CollectionRow, Filter, ObjectRow

room = TaxiiRoom("taxii")

_ROOT: Final = "/hub/"
_STIX: Final = "application/stix+json;version=2.1"
#: What is written before a member's collections are shown: what came since is laid out.
_LAID: Final = (Act.COLLECTION_OPENED, Act.LAID_OUT)
#: What is written when content goes to a member, or is kept from it.
_SHOWN: Final = (Act.DISCLOSED, Act.WITHHELD)
_MATCH: Final = ("added_after", "match[id]", "match[type]", "match[version]", "match[spec_version]")
_OF_ONE: Final = ("added_after", "match[version]", "match[spec_version]")
_OF_VERSIONS: Final = ("added_after", "match[spec_version]")
_COLLECTION: Final = f"{_ROOT}collections/<collection_id>/"
_OBJECTS: Final = f"{_COLLECTION}objects/"
_OBJECT: Final = f"{_OBJECTS}<object_id>/"


@room.address("GET", "/", trail=writes_nothing("where the collections are"))
def get_discovery(asked: Asked) -> Response:
    """Say where the API root is (§4.1)."""
    root = f"{PREFIX}{_ROOT}"
    return taxii_response({"title": f"Hub of {asked.broker.agency}", "default": root, "api_roots": [root]})


@room.address("GET", _ROOT, trail=writes_nothing("what is spoken here"))
def get_api_root(asked: Asked) -> Response:
    """Say what is spoken and how much is taken at once (§4.2)."""
    most = asked.broker.limits.taxii_post_max_bytes
    return taxii_response(
        {
            "title": f"Exchange with {asked.broker.agency}",
            "versions": [MEDIA_TYPE],
            "max_content_length": most,
        }
    )


@room.address("GET", f"{_ROOT}status/<status_id>/", trail=writes_nothing("what became of the caller's post"))
def get_status(asked: Asked, status_id: str) -> Response:
    """Say what became of a post (§4.3)."""
    return taxii_response(_status(find_post(asked.broker, asked.actor.agency, status_id)))


@room.address(
    "GET",
    f"{_ROOT}collections/",
    trail=writes(*_LAID, or_nothing="a partner's are opened as they are laid out"),
)
def get_collections(asked: Asked) -> Response:
    """List the caller's collections (§5.1)."""
    rows = _collections(asked, fresh=True)
    return taxii_response({"collections": [_collection(row) for row in rows]} if rows else {})


@room.address("GET", _COLLECTION, trail=writes_nothing("one of the caller's collections", opens=True))
def get_collection(asked: Asked, collection_id: str) -> Response:
    """Describe one collection (§5.2)."""
    return taxii_response(_collection(_find(asked, collection_id)))


@room.address(
    "GET", f"{_COLLECTION}manifest/", trail=writes(*_LAID, or_nothing="ids and dates, and no content")
)
def get_manifest(asked: Asked, collection_id: str) -> Response:
    """List objects without their content (§5.3)."""
    wanted = _query(asked, _MATCH)
    shown = _listed(asked, _find(asked, collection_id, fresh=True), wanted, wanted.filter)
    rows = [
        {
            "id": row.object_id,
            "date_added": instant(row.added_at),
            "version": instant(row.version),
            "media_type": _STIX,
        }
        for row in shown.rows
    ]
    return _page(shown, "objects", rows)


@room.address(
    "GET",
    _OBJECTS,
    trail=writes(Act.COLLECTED, *_SHOWN, *_LAID, or_nothing="nothing fits, or it was erased since"),
)
def get_objects(asked: Asked, collection_id: str) -> Response:
    """Give objects; who gets which is logged before they leave (§5.4)."""
    wanted = _query(asked, _MATCH)
    return _given(asked, _find(asked, collection_id, fresh=True), wanted, wanted.filter)


@room.address("POST", _OBJECTS, trail=writes(Act.POSTED), size=lambda limits: limits.taxii_post_max_bytes)
def add_objects(asked: Asked, collection_id: str) -> Response:
    """Take an envelope; it is durable before the answer, and pending until it was admitted (§5.5)."""
    need_content_type(request)
    row = _find(asked, collection_id)
    return taxii_response(_status(post_objects(asked.broker, asked.actor, row, whole(request))), status=202)


@room.address("GET", _OBJECT, trail=writes(Act.COLLECTED, *_SHOWN, or_nothing="it was erased since"))
def get_object(asked: Asked, collection_id: str, object_id: str) -> Response:
    """Give one object (§5.6)."""
    wanted = _query(asked, _OF_ONE)
    row = _find(asked, collection_id)
    _refuse_missing(asked, row, object_id)
    return _given(asked, row, wanted, _only(wanted.filter, object_id))


@room.address("DELETE", _OBJECT, trail=writes(Act.REFUSED))
def delete_object(asked: Asked, collection_id: str, object_id: str) -> Response:
    """Refuse: what was disclosed stays on the books; a record is recalled by its originator (§5.7)."""
    _find(asked, collection_id)
    raise Refused("policy-denied", "Objects are not deleted here; a record is withdrawn by its originator.")


@room.address("GET", f"{_OBJECT}versions/", trail=writes_nothing("dates, and no content", opens=True))
def get_versions(asked: Asked, collection_id: str, object_id: str) -> Response:
    """List the versions of one object (§5.8)."""
    wanted = _query(asked, _OF_VERSIONS)
    row = _find(asked, collection_id)
    _refuse_missing(asked, row, object_id)
    every = Filter(added_after=wanted.filter.added_after, ids=frozenset({object_id}), every=True)
    shown = _listed(asked, row, wanted, every)
    return _page(shown, "versions", [instant(one.version) for one in shown.rows])


def _find(asked: Asked, collection_id: str, *, fresh: bool = False) -> CollectionRow:
    return find_collection(_collections(asked, fresh=fresh), collection_id)


def _collections(asked: Asked, *, fresh: bool) -> Sequence[CollectionRow]:
    """Return the caller's collections; of a member `fresh` ones hold what came for it since."""
    if asked.is_member:
        if fresh:
            lay_out_inbox(asked.broker, asked.actor.agency)
        return member_collections(asked.broker, asked.actor.agency)
    return collections_of(asked.broker, asked.actor.agency)


def _query(asked: Asked, known: tuple[str, ...]) -> Wanted:
    return read_query(request.args, known=known, most=asked.broker.limits.taxii_page_objects_max)


def _only(wanted: Filter, object_id: str) -> Filter:
    return Filter(**{**vars(wanted), "ids": frozenset({object_id})})


def _refuse_missing(asked: Asked, row: CollectionRow, object_id: str) -> None:
    wanted = Filter(ids=frozenset({object_id}), every=True)
    if not _rows(asked, row, wanted, after=0, limit=1).rows:
        raise Refused("not-found", "There is no such object in this collection.")


def _listed(asked: Asked, row: CollectionRow, wanted: Wanted, chosen: Filter) -> Shown:
    shown = _rows(asked, row, chosen, after=wanted.after, limit=wanted.limit)
    return Shown(rows=(), more=False, after=wanted.after) if wanted.nothing else shown


def _rows(asked: Asked, row: CollectionRow, chosen: Filter, *, after: int, limit: int) -> Shown:
    if asked.is_member:
        return list_member_objects(asked.broker, row, chosen, after=after, limit=limit, covered=asked.covered)
    return list_objects(asked.broker, row, chosen, after=after, limit=limit)


def _given(asked: Asked, row: CollectionRow, wanted: Wanted, chosen: Filter) -> Response:
    if wanted.nothing:
        return taxii_response({})
    if asked.is_member:
        shown = collect_member_objects(
            asked.broker, row, chosen, after=wanted.after, limit=wanted.limit, covered=asked.covered
        )
    else:
        shown = collect_objects(
            asked.broker,
            asked.actor,
            row,
            chosen,
            after=wanted.after,
            limit=wanted.limit,
            thumbprint=asked.thumbprint,
        )
    return _page(shown, "objects", list(shown.objects))


def _page(shown: Shown, name: str, listed: list[Any]) -> Response:
    """Return a page; one on which all was erased since still says how it goes on."""
    resource: dict[str, object] = {name: listed} if listed else {}
    if shown.more:
        resource |= {"more": True, "next": next_of(shown.after)}
    headers = {}
    if shown.rows:
        headers["X-TAXII-Date-Added-First"] = instant(shown.rows[0].added_at)
        headers["X-TAXII-Date-Added-Last"] = instant(shown.rows[-1].added_at)
    return taxii_response(resource, headers=headers)


def _collection(row: CollectionRow) -> dict[str, object]:
    title = "What you post" if row.writes else f"For {row.agency}, {row.label}"
    return {
        "id": row.collection_id,
        "title": title,
        "can_read": not row.writes,
        "can_write": row.writes,
        "media_types": [_STIX],
    }


def _status(posted: Posted) -> dict[str, object]:
    row, listed = posted.row, [_told(one) for one in posted.objects]
    pending, failed = row.answered_at is None, row.code is not None
    part = "pendings" if pending else "failures" if failed else "successes"
    if failed:
        listed = [{**one, "message": f"{row.code}: {row.sentence}"} for one in listed]
    return {
        "id": row.post_id,
        "status": "pending" if pending else "complete",
        "request_timestamp": instant(row.posted_at),
        "total_count": row.objects,
        "success_count": 0 if pending or failed else row.objects,
        "failure_count": row.objects if failed else 0,
        "pending_count": row.objects if pending else 0,
        part: listed,
    }


def _told(row: ObjectRow) -> dict[str, str]:
    return {"id": row.object_id, "version": instant(row.version)}
