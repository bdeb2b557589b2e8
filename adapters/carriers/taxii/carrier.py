"""The TAXII 2.1 client as a carrier, and the part of a profile that makes it.

TAXII gives a reader no way to answer: our verdict on what was pulled stays here. What the partner says of
what we pushed is its status resource.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from adapters.carriers import mutual_tls
from adapters.carriers.mutual_tls import TlsServer
from adapters.carriers.taxii.asking import ApiRoot
from adapters.carriers.taxii.pulling import Puller
from adapters.carriers.taxii.pushing import Pusher
from adapters.carriers.taxii.store import Store
from adapters.contract import Health, Materials, Parcel, PartnerReceipt, Verdict
from adapters.profiles import choice, invalid, only, text, whole, words
from hub.errors import HubError, PeerFault

_MIB: Final = 1024 * 1024
_OPTIONS: Final = (
    "api_root",
    "push_collection",
    "pull_collection",
    "key",
    "certificate",
    "authority",
    "user",
    "password",
    "tls",
    "page_objects",
    "max_answer_bytes",
    "connect_timeout_s",
    "request_timeout_s",
    "overlap_s",
    "leave_out_types",
)


class TaxiiCarrier:
    """Our end of a partner's TAXII server; either direction may be absent."""

    def __init__(self, root: ApiRoot, store: Store, *, pusher: Pusher | None, puller: Puller | None) -> None:
        self._root = root
        self._store = store
        self._pusher = pusher
        self._puller = puller

    def push(self, parcel: Parcel) -> None:
        """Post a bundle to the partner's collection."""
        if self._pusher is None:
            raise PeerFault("partner-unreachable", "The profile names no collection to push to.")
        self._pusher.push(parcel)

    def pull(self, *, limit: int) -> Sequence[Parcel]:
        """Return bundles of what the partner's collection holds."""
        return [] if self._puller is None else self._puller.pull(limit)

    def acknowledge(self, parcel_id: str, verdict: Verdict) -> None:
        """Forget a parcel that is durable here; the partner is not told."""
        self._store.acknowledged(parcel_id)

    def receipts(self, *, limit: int) -> Sequence[PartnerReceipt]:
        """Return what the partner's status resources say of our posts."""
        return [] if self._pusher is None else self._pusher.receipts(limit)

    def settle(self, parcel_id: str) -> None:
        """Forget a receipt that is durable here."""
        self._store.settled(parcel_id)

    def health(self) -> Health:
        """Tell whether the collections are there and open to us."""
        ways = ((self._pusher, "can_write"), (self._puller, "can_read"))
        try:
            for way, right in ways:
                if way is not None and self._root.collection(way.collection).get(right) is not True:
                    return Health(well=False, sentence=f"A collection does not say {right}.")
        except HubError as error:
            return Health(well=False, sentence=error.sentence)
        return Health(well=True, sentence="The collections are open to us.")


def make(options: Mapping[str, Any], materials: Materials) -> TaxiiCarrier:
    """Make our end of the TAXII server that a profile names."""
    only(options, *_OPTIONS)
    max_bytes = whole(options, "max_answer_bytes", lowest=64 * 1024, highest=64 * _MIB, default=16 * _MIB)
    server = TlsServer(
        text(options, "api_root", default=""),
        mutual_tls.context(
            materials.private_key(text(options, "key", default="taxii")),
            materials.certificates(text(options, "certificate", default="taxii")),
            materials.certificates(text(options, "authority", default="taxii-authority")),
            tls=choice(options, "tls", frozenset({"1.2", "1.3"}), default="1.3"),
        ),
        headers=_authorization(options, materials),
        connect_timeout_s=whole(options, "connect_timeout_s", lowest=1, highest=300, default=10),
        request_timeout_s=whole(options, "request_timeout_s", lowest=1, highest=600, default=60),
        max_bytes=max_bytes,
    )
    # Some servers need minutes for a few thousand objects at once.
    page_objects = whole(options, "page_objects", lowest=1, highest=5_000, default=100)
    root = ApiRoot(server, max_bytes=max_bytes, page_objects=page_objects)
    store = Store(materials.folder())
    overlap_s = whole(options, "overlap_s", lowest=0, highest=86_400, default=600)
    pusher = puller = None
    if "push_collection" in options:
        collection = text(options, "push_collection", default="")
        leave_out = words(options, "leave_out_types") or frozenset()
        pusher = Pusher(root, store, collection, max_bytes=max_bytes, leave_out=leave_out)
    if "pull_collection" in options:
        collection = text(options, "pull_collection", default="")
        puller = Puller(
            root,
            store,
            collection,
            overlap_s=overlap_s,
            max_waiting_bytes=2 * max_bytes,
            now=partial(datetime.now, UTC),
        )
    if pusher is None and puller is None:
        raise invalid("it names neither push_collection nor pull_collection")
    return TaxiiCarrier(root, store, pusher=pusher, puller=puller)


def _authorization(options: Mapping[str, Any], materials: Materials) -> dict[str, str]:
    """Return what goes with each request where the partner also asks for a password (TAXII 2.1 §8.2)."""
    if "user" not in options:
        return {}
    user = text(options, "user", default="")
    password = materials.secret(text(options, "password", default="taxii"))
    return {"Authorization": f"Basic {b64encode(user.encode() + b':' + password).decode()}"}
