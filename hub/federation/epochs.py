"""Epochs of the keys of logs and witnesses as JSON: on cards, and in anchors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from hub.audit.epochs import LogEpoch, WitnessEpoch
from hub.audit.notes import NoteKey
from hub.envelope.encoding import list_of, members, number_of, texts_of, time_of
from hub.records.times import as_text

#: How many epochs a card tells of: one with all of them stays below the size that a card may have.
EPOCHS_MAX: Final = 8

_KEYS: Final = frozenset({"keys"})


def log_epochs_as(epochs: Sequence[LogEpoch]) -> list[dict[str, object]]:
    """Return the epochs of a log as JSON holds them."""
    found = []
    for epoch in epochs:
        told: dict[str, object] = {"keys": [key.vkey for key in epoch.keys], "first": epoch.first}
        if epoch.last is not None:
            told["last"] = epoch.last
        found.append(told | _given_up(epoch.compromised))
    return found


def witness_epochs_as(epochs: Sequence[WitnessEpoch]) -> list[dict[str, object]]:
    """Return the epochs of a witness as JSON holds them."""
    found = []
    for epoch in epochs:
        told: dict[str, object] = {"keys": [key.vkey for key in epoch.keys]}
        if epoch.until is not None:
            told["until"] = as_text(epoch.until)
        found.append(told | _given_up(epoch.compromised))
    return found


def load_log_epochs(document: Mapping[str, object], name: str) -> tuple[LogEpoch, ...]:
    """Return the epochs of a log in a member of a document; none where it has no such member."""
    if name not in document:
        return ()
    found = []
    for value in list_of(document, name):
        said = members(value, _KEYS | {"first"}, frozenset({"compromised", "last"}))
        found.append(
            LogEpoch(
                keys=_keys(said),
                first=number_of(said, "first"),
                last=number_of(said, "last") if "last" in said else None,
                compromised=_is_given_up(said),
            )
        )
    return tuple(found)


def load_witness_epochs(document: Mapping[str, object], name: str) -> tuple[WitnessEpoch, ...]:
    """Return the epochs of a witness in a member of a document; none where it has no such member."""
    if name not in document:
        return ()
    found = []
    for value in list_of(document, name):
        said = members(value, _KEYS, frozenset({"compromised", "until"}))
        found.append(
            WitnessEpoch(
                keys=_keys(said),
                until=time_of(said, "until") if "until" in said else None,
                compromised=_is_given_up(said),
            )
        )
    return tuple(found)


def check_epochs(
    epochs: Sequence[LogEpoch] | Sequence[WitnessEpoch], present: tuple[NoteKey, ...], name: str
) -> None:
    """Raise ValueError unless epochs, if there are any, end with the present keys and are all of one name."""
    if not epochs:
        return
    if epochs[-1].keys != present:
        raise ValueError(f"the last epoch of {name} is not that of its present keys")
    if any(key.name != name for epoch in epochs for key in epoch.keys):
        raise ValueError(f"a key of an epoch is not one of {name}")
    keys = [key for epoch in epochs for key in epoch.keys]
    if len(set(keys)) != len(keys):
        raise ValueError(f"a key of {name} stands in two epochs")


def _keys(said: Mapping[str, object]) -> tuple[NoteKey, ...]:
    return tuple(map(NoteKey.parse, texts_of(said, "keys")))


def _given_up(compromised: bool) -> dict[str, object]:
    return {"compromised": True} if compromised else {}


def _is_given_up(said: Mapping[str, object]) -> bool:
    if said.get("compromised", True) is not True:
        raise ValueError("compromised is true, or not there")
    return "compromised" in said
