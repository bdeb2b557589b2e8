"""The page of acts, made from their catalogue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from hub.audit.catalogue import CATALOGUE, Category, Row
from hub.audit.events import Act

_HEADINGS: Final[Mapping[Category, str]] = {
    Category.COLLECTION: "Collection",
    Category.ALTERATION: "Alteration",
    Category.CONSULTATION: "Consultation",
    Category.DISCLOSURE: "Disclosure",
    Category.COMBINATION: "Combination",
    Category.ERASURE: "Erasure",
    Category.DECISION: "Decisions",
    Category.CONVEYANCE: "What became of envelopes",
    Category.REFUSAL: "Refusals",
    Category.ADMINISTRATION: "Administration",
    Category.ACCESS: "Access",
    Category.AUDIT: "The log itself",
}

_HEAD: Final = """\
# What is logged

This page is made from `hub/audit/catalogue.py`; a test fails when it is stale.

Each entry says who acted (an officer, a member's system, a partner, the rule of an agreement, or the hub and
the account at its console), when, what the act was and about what. It holds ids, digests and codes and never
content. What an act always says besides stands in the last column: a *justification* is the person's own
words, or, where a system or a rule acts, the purpose and the agreement; *recipients* are the agencies that
get the content. The first six categories are those that Directive (EU) 2016/680 art. 25 (1) asks for.
"""

_TAIL: Final = """\
## What was decided

- **Sending.** The disclosure to partners is the `released` entry, which names every recipient and is
  committed before the first byte leaves, by whichever carrier. What then became of each envelope is
  told by `carried`, `receipt-verified`, `held`, `refused` and `died`. Attachments go to those alone who
  are named as recipients of an envelope that carries them, and leave no entry of their own.
- **Collecting.** A member's system that collects a record or reads its attachment is given it: a
  `disclosed` entry for each delivery, with the member as recipient, committed before the content
  leaves. It is justified by the record's purpose and agreement; for an attachment, by what the system
  says. That the member's people then opened it is what the member says of itself, as `delivered`.
- **Reading.** An officer is shown content for a justification alone, and the `consulted` entry is
  committed before the first byte is shown. Who decides on a release reads the draft first, as
  `consulted`.
- **Lists.** Lists, traces and the queue show ids, agencies, kinds, labels and states, which say nothing
  of the people that a record is about; looking at them leaves no entry.
- **The hub's own work.** Content that the hub opens to check, permit, translate or seal it, and shows
  to nobody, leaves the entry of that step and none besides.
- **Refusals.** Whoever is refused for what they may not do leaves a `refused` entry with the code and
  the operation, or `login-failed`. Of callers who did not show who they are the first is logged at once
  and repeats are counted: one entry a minute for each address and code, with `times`; a process that is
  killed loses what it counted since. Requests that are only malformed, and TLS handshakes that fail,
  are in the service log.
"""


def acts_page() -> str:
    """Return `docs/acts.md`."""
    return "\n".join([_HEAD, *(_section(category) for category in Category), _TAIL])


def _section(category: Category) -> str:
    rows = [(act, row) for act, row in CATALOGUE.items() if row.category is category]
    return "\n".join([f"## {_HEADINGS[category]}", "", *_table(rows), ""])


def _table(rows: list[tuple[Act, Row]]) -> Iterator[str]:
    yield "| act | what happened | about | always says |"
    yield "|---|---|---|---|"
    for act, row in rows:
        says = [
            *(["recipients"] if row.names_recipients else []),
            *(["justification"] if row.justified else []),
        ]
        yield f"| `{act.value}` | {row.means} | {row.subject} | {', '.join(says)} |"
