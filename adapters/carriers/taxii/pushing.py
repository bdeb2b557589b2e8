"""Post bundles to a collection and find out what became of each object.

The status resource is believed as far as it goes: what it calls failed, or does not count, is looked for in
the collection, where it may have been from an earlier post. What is not there as we sent it makes a refusal.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from hashlib import sha256
from typing import Any, Final

from adapters.carriers.mutual_tls import Answer
from adapters.carriers.taxii.asking import REFUSALS, ApiRoot
from adapters.carriers.taxii.assembling import name, references
from adapters.carriers.taxii.store import Store
from adapters.contract import Parcel, PartnerReceipt, Verdict
from adapters.reading import read_json
from hub.errors import HubError, IntegrityFailure, PeerFault, Refused

_MESSAGE_MAX: Final = 200
_UNREADABLE: Final = frozenset({401, 403, 404, 405})


class Pusher:
    """Writes to one collection."""

    def __init__(
        self, root: ApiRoot, store: Store, collection: str, *, max_bytes: int, leave_out: Collection[str]
    ) -> None:
        self._root = root
        self._store = store
        self.collection = collection
        self._max_bytes = max_bytes
        self._leave_out = leave_out

    def push(self, parcel: Parcel) -> None:
        """Post a bundle's objects, unless that was done; a second post changes nothing at the partner's."""
        digest = sha256(parcel.content).hexdigest()
        known = self._store.receipt(parcel.parcel_id) or self._store.outgoing(parcel.parcel_id)
        if known is not None:
            if known["sha256"] != digest:
                raise IntegrityFailure("envelope-id-reused", "Another parcel with this id is on its way.")
            if "raw" in known or known["status"] is not None:
                return
        self._objects(parcel.content)
        told = {"sha256": digest, "content": parcel.content.decode(), "status": None}
        self._store.send(parcel.parcel_id, told)
        self._post(parcel.parcel_id, told)

    def receipts(self, limit: int) -> list[PartnerReceipt]:
        """Ask what became of what was posted, and return receipts that were not settled."""
        for parcel_id in self._store.all_outgoing()[:limit]:
            told = self._store.outgoing(parcel_id)
            if told is not None and self._store.receipt(parcel_id) is None:
                self._ask(parcel_id, told)
        return [
            _receipt(one, told) for one in self._store.receipts(limit) if (told := self._store.receipt(one))
        ]

    def _ask(self, parcel_id: str, told: Mapping[str, Any]) -> None:
        if told["status"] is None:
            return  # the post broke off, and is made again
        answer = self._root.status(told["status"])
        if answer is None:  # servers forget; posting again finds out the same
            self._post(parcel_id, {**told, "status": None})
        else:
            self._judge(parcel_id, told, answer)

    def _post(self, parcel_id: str, told: Mapping[str, Any]) -> None:
        answer = self._root.add(self.collection, self._objects(told["content"].encode()))
        if answer.status in REFUSALS:
            code = "partner-document-too-large" if answer.status == 413 else "partner-refused"
            self._answered(parcel_id, told, answer, code, f"The partner's server answered {answer.status}.")
        else:
            self._judge(parcel_id, told, answer)

    def _judge(self, parcel_id: str, told: Mapping[str, Any], answer: Answer) -> None:
        said = self._root.read(answer)
        status_id, state = said.get("id"), said.get("status")
        if not isinstance(status_id, str) or not 0 < len(status_id) < 200:
            raise PeerFault("partner-misbehaved", "The partner's status has no id.")
        if state == "pending":
            self._store.send(parcel_id, {**told, "status": status_id})
            return
        if state != "complete":
            raise PeerFault("partner-misbehaved", "The partner's status is neither pending nor complete.")
        objects = self._objects(told["content"].encode())
        counted = said.get("success_count")
        if counted == len(objects) and not said.get("failure_count") and not said.get("pending_count"):
            self._answered(parcel_id, told, answer, None, "")
            return
        missing = self._not_held(objects)
        words = _words(said.get("failures"))
        sentence = f"{len(missing)} of {len(objects)} objects were not taken{words}."
        self._answered(parcel_id, told, answer, "partner-refused" if missing else None, sentence)

    def _not_held(self, objects: list[Mapping[str, Any]]) -> list[str]:
        """Return the names of objects that the collection does not hold as they were posted."""
        try:
            ids = {str(each["id"]) for each in objects}
            held = self._root.objects(self.collection, ids, versions="all")
        except PeerFault as fault:
            if fault.details.get("status") not in _UNREADABLE:
                raise
            held = {}
        return [one for each in objects if (one := name(each)) not in held]

    def _objects(self, content: bytes) -> list[Mapping[str, Any]]:
        try:
            value = read_json(content, max_bytes=self._max_bytes)
        except HubError:
            value = None
        objects = value.get("objects") if isinstance(value, dict) and value.get("type") == "bundle" else None
        if not isinstance(objects, list) or not all(
            isinstance(each, dict) and "id" in each for each in objects
        ):
            raise Refused("adapter-invalid", "TAXII carries STIX bundles, and this is none.")
        return _without(objects, self._leave_out)

    def _answered(
        self, parcel_id: str, told: Mapping[str, Any], answer: Answer, code: str | None, sentence: str
    ) -> None:
        receipt = {"sha256": told["sha256"], "raw": answer.body.decode("utf-8", "replace"), "code": code}
        self._store.answered(parcel_id, {**receipt, "sentence": sentence if code else ""})


def _without(objects: list[Mapping[str, Any]], types: Collection[str]) -> list[Mapping[str, Any]]:
    """Return objects without those of some types, and without what nothing but those refers to."""
    out = [each for each in objects if each.get("type") in types]
    rest = [each for each in objects if each.get("type") not in types]
    alone = set(references(out)) - set(references(rest))
    return [each for each in rest if each["id"] not in alone]


def _receipt(parcel_id: str, told: Mapping[str, Any]) -> PartnerReceipt:
    code = told["code"]
    verdict = Verdict(taken=code is None, code=code, sentence=told["sentence"])
    return PartnerReceipt(parcel_id=parcel_id, verdict=verdict, raw=told["raw"].encode())


def _words(failures: Any) -> str:
    """Return what the partner says of the first object that failed."""
    listed = failures if isinstance(failures, list) else []
    messages = [each.get("message") for each in listed if isinstance(each, dict)]
    said = next((each for each in messages if isinstance(each, str) and each), "")
    plain = "".join(letter if letter.isprintable() else " " for letter in said)[:_MESSAGE_MAX].rstrip(". ")
    return f": {plain}" if plain else ""
