"""What a partner's document cannot say and the agreement decides: filled in, never guessed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from adapters.contract import Interpretation
from adapters.un_list.subjects import script_of
from hub.errors import Refused

#: What a profile may decide for documents that do not say it. Nothing about subjects is ever among them.
MAY_DECIDE: Final = frozenset(
    {
        "kind",
        "originator",
        "label",
        "legal_basis",
        "purpose",
        "language",
        "review_on",
        "retain_until",
        "details",
    }
)


def completed(
    said: Interpretation,
    decided: Mapping[str, Any],
    agency: str,
    *,
    record_id: str,
    at: str,
    version: int = 1,
) -> tuple[dict[str, Any], dict[str, object]]:
    """Return the whole record that an agency's document says, and what of it no record has a place for.

    Attachments are among the latter: they are named, and their bytes did not come. `version` is which one
    it is of what has a name and no number; others that say none are the first.
    """
    # Who sent it is known; whether it says so of itself is compared where it is admitted.
    which = 1 if said.named is None else version
    head = {"originator": agency, **decided}
    record = complete(said.record, head, record_id=record_id, at=at, version=which)
    unknown = dict(said.unknown)
    if attached := record.pop("attachments", None):
        unknown["attachments"] = attached
    return {**record, "attachments": []}, unknown


def complete(
    record: Mapping[str, Any], decided: Mapping[str, Any], *, record_id: str, at: str, version: int = 1
) -> dict[str, Any]:
    """Return what a document says, with what the profile decides where the document is silent.

    Details are decided by kind, such as the bureau that issues every diffusion of one channel. `record_id`,
    `at` and `version` stand in where the document has no id, time and version of its own. The result is
    then checked like any record: what is still missing is told by `load_record`, and holds the document.
    Raises Refused `adapter-invalid` for a profile that decides what only a document can say.
    """
    if beyond := sorted(decided.keys() - MAY_DECIDE):
        raise Refused("adapter-invalid", f"The profile decides {', '.join(beyond)}, which it may not.")
    found = dict(record)
    for name, value in decided.items():
        if name != "details":
            found.setdefault(name, value)
    _fill_details(found, decided.get("details", {}))
    if isinstance(found.get("label"), Mapping) and isinstance(decided.get("label"), Mapping):
        found["label"] = {**decided["label"], **found["label"]}
    found.setdefault("id", record_id)
    found.setdefault("created_at", at)
    found.setdefault("version", version)
    found.setdefault("action", "new" if found["version"] == 1 else "correction")
    found.setdefault("conversation", found["id"])
    found["subjects"] = [_named(subject) for subject in found.get("subjects", ())]
    found.setdefault("narrative", "")
    found.setdefault("attachments", [])
    if isinstance(found.get("label"), Mapping):
        found["label"] = {
            "handling": [],
            "releasable_to": [],
            "originator_control": False,
            **found["label"],
        }
    return found


def _fill_details(record: dict[str, Any], by_kind: Any) -> None:
    """Add to a record's details those that are decided for its kind and that the document does not say."""
    if not isinstance(by_kind, Mapping) or not all(isinstance(one, Mapping) for one in by_kind.values()):
        raise Refused(
            "adapter-invalid", "What the profile decides of details is a table for each kind of record."
        )
    decided, said = by_kind.get(record.get("kind")), record.get("details", {})
    if decided is not None and isinstance(said, Mapping):
        record["details"] = {**decided, **said}


def _named(subject: Any) -> Any:
    """Add to names what most formats leave to the reader's eye: the script, and that the first is meant."""
    if not isinstance(subject, Mapping) or not isinstance(subject.get("names"), list):
        return subject
    subject = {**subject, "names": list(map(_whole, subject["names"]))}
    names = [
        {"script": script_of(name["text"]), "form": "alias" if place else "primary", **name}
        if isinstance(name, Mapping) and isinstance(name.get("text"), str)
        else name
        for place, name in enumerate(subject["names"])
    ]
    return {**subject, "names": names}


def _whole(name: Any) -> Any:
    """Put a name together that came in parts, family name first."""
    if not isinstance(name, Mapping) or "text" in name:
        return name
    words = [name[part] for part in ("surname", "given", "patronymic") if isinstance(name.get(part), str)]
    return {**name, "text": " ".join(words)} if words else name
