"""What the Shanghai Convention of 15 June 2001 asks of a document, and its two terms for notifying."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

from adapters.contract import Finding, Weight
from adapters.sco_rats.categories import category
from hub.records.kinds import Kind

#: Working languages (article 15).
LANGUAGES: Final = frozenset({"ru", "zh"})
#: Changes that tell who is competent for the first time; all others but courses change what was told.
_FIRST: Final = frozenset({"authority-appointed"})
_NO_DUTY: Final = frozenset({"training-offered"})


class ConventionRules:
    """Languages, signature, confidentiality, categories; the terms for notices are the profile's."""

    def __init__(self, *, list_days: int, change_days: int) -> None:
        self._list_days = list_days
        self._change_days = change_days

    def due_on(self, record: Mapping[str, Any]) -> date | None:
        """Return the last day on which a change of competent bodies is in time; None without a duty."""
        if record["kind"] != Kind.SERVICE_NOTICE.value or record["action"] == "withdrawal":
            return None
        change = record["details"]["change"]
        if change in _NO_DUTY:
            return None
        days = self._list_days if change in _FIRST else self._change_days
        return date.fromisoformat(record["details"]["effective_on"]) + timedelta(days=days)

    def check(self, record: Mapping[str, Any], *, on: date) -> Sequence[Finding]:
        """Return what an officer must answer; a withdrawal is never held up."""
        return [] if record["action"] == "withdrawal" else list(self._findings(record, on))

    def _findings(self, record: Mapping[str, Any], on: date) -> Iterator[Finding]:
        if record["language"].partition("-")[0] not in LANGUAGES:
            yield _asks(
                "The working languages are Russian and Chinese. Is a translation attached?",
                code="language-not-agreed",
                clause="Shanghai Convention art. 15",
                path="language",
            )
        due = self.due_on(record)
        if due is not None and due < on:
            yield _asks(
                f"Changes of competent bodies are notified in time until {due}; {(on - due).days} days have"
                " passed since. Does the notice say why it is late?",
                path="details.effective_on",
            )
        match record["kind"]:
            case Kind.ASSISTANCE_REQUEST.value:
                yield from _request(record)
            case Kind.SPONTANEOUS_INFORMATION.value | Kind.TRANSPORT_CHANNEL.value:
                if category(record) is None:
                    yield _asks(
                        "It belongs to none of the six sorts of information by itself. Is it among them?"
                    )


def _request(record: Mapping[str, Any]) -> Iterator[Finding]:
    yield _asks(
        "Has the head of the requesting authority, or a deputy, signed the written request, or is it sealed?",
        path="details.signed_by",
    )
    if record["label"]["classification"] != "unclassified" and not record["details"]["confidential"]:
        yield _asks(
            "Its label is not open, and the request does not ask for confidentiality. Is that meant?",
            path="details.confidential",
        )


def _asks(
    sentence: str, *, code: str = "policy-denied", clause: str | None = None, path: str | None = None
) -> Finding:
    return Finding(weight=Weight.ASKS, code=code, sentence=sentence, clause=clause, path=path)
