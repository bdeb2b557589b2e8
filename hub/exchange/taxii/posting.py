"""post: what an agency hands in becomes a parcel, durable before it is told so, and waits for its verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from hub.audit.events import Act
from hub.envelope.vault import lock, unlock
from hub.errors import Refused
from hub.exchange.broker import Broker
from hub.exchange.taxii.laying import add_objects
from hub.exchange.taxii.objects import bundle, read_objects
from hub.ports.taxii import CollectionRow, ObjectRow, PostRow
from hub.records.actor import Actor

_SENTENCE_MAX: Final = 300


@dataclass(frozen=True, kw_only=True)
class Posted:
    """A post and its objects."""

    row: PostRow
    objects: Sequence[ObjectRow]


def post_objects(broker: Broker, actor: Actor, row: CollectionRow, raw: bytes) -> Posted:
    """Keep an envelope as one parcel that waits to be taken (TAXII 2.1 §5.5).

    Raises Refused `policy-denied` for a collection that is read, PeerFault `partner-document-malformed` and
    `-hostile`, IntegrityFailure `partner-document-ambiguous` for an object that came before with the same
    version and other content. Nothing of an envelope that is refused is kept.
    """
    if not row.writes:
        raise Refused(
            "policy-denied", "This collection is for reading; post into the one that can be written."
        )
    objects = read_objects(raw, most=broker.limits.taxii_post_objects_max)
    post_id, at = str(uuid4()), broker.clock.now()
    content = bundle(post_id, objects)
    made = PostRow(
        post_id=post_id,
        agency=row.agency,
        collection_id=row.collection_id,
        objects=len(objects),
        posted_at=at,
    )
    with broker.store.work() as work:
        work.bodies.add([lock(content, body_id=post_id, master_key=broker.keyring.master_key())])
        work.taxii.post(made)
        add_objects(work, row, post_id, objects, at=at)
        work.stage([broker.event(Act.POSTED, actor, post_id, at, collection=row.collection_id)])
        work.commit()
    return find_post(broker, row.agency, post_id)


def find_post(broker: Broker, agency: str, post_id: str) -> Posted:
    """Return what became of a post (§4.3). Raises Refused `not-found`, also for those of others."""
    with broker.store.read() as view:
        row = view.taxii.posted(post_id)
        if row is None or row.agency != agency:
            raise Refused("not-found", "There is no such status of yours.")
        return Posted(row=row, objects=view.taxii.contents(post_id))


def waiting_posts(broker: Broker, agency: str, *, limit: int) -> Sequence[tuple[str, bytes]]:
    """Return the ids and bundles of posts without a verdict, oldest first; each until it has one."""
    with broker.store.read() as view:
        rows = view.taxii.unanswered(agency, limit)
        bodies = view.bodies.get_many([row.post_id for row in rows])
    key = broker.keyring.master_key()
    return [
        (row.post_id, unlock(body, master_key=key))
        for row in rows
        if (body := bodies.get(row.post_id)) is not None
    ]


def answer_post(broker: Broker, agency: str, post_id: str, *, code: str | None, sentence: str) -> None:
    """Give a post its verdict, after what came of it is durable; a repeat changes nothing.

    Its bytes are kept no longer: who took or refused it has them.
    """
    with broker.store.work() as work:
        row = work.taxii.posted(post_id)
        if row is None or row.agency != agency or row.answered_at is not None:
            return
        at = broker.clock.now()
        work.taxii.answer(post_id, code=code, sentence=sentence[:_SENTENCE_MAX], at=at)
        work.bodies.erase(post_id)
        told = {"code": code} if code else {}
        work.stage([broker.event(Act.POST_ANSWERED, broker.itself, post_id, at, **told)])
        work.commit()
