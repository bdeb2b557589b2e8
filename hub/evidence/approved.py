"""Whether those who approved a release are those of the log, and signed with keys that were theirs then."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub.envelope.canonical import digest
from hub.envelope.encoding import unb64u
from hub.envelope.manifest import Approval
from hub.evidence.chronicle import ProvenEntry
from hub.evidence.findings import Notebook, Topic


def approvals_agree(entry: ProvenEntry, approvals: Sequence[Approval], content: str | None) -> bool:
    """Tell whether the log's entry of a release names these approvals, and no others, of this content.

    Entries of before officers had keys name none: then whoever released it is the only one that approved it.
    """
    names = [approval.by for approval in approvals]
    told = entry.details.get("approvers", entry.who).split(",")
    statements = [digest(one.signed.jws.encode()).hex() if one.signed else "" for one in approvals]
    logged = entry.details.get("statements")
    return (
        names == told
        and entry.who in told
        and (logged is None or logged.split(",") == statements)
        and all(unb64u(one.digest).hex() == content for one in approvals)
    )


def check_keys(
    notes: Notebook,
    keys: Sequence[ProvenEntry],
    release: ProvenEntry,
    approvals: Sequence[Approval],
    *,
    version: str,
) -> None:
    """Say of each signed approval whether its key was registered for that officer then, and not revoked."""
    for approval in approvals:
        if approval.signed is None:
            continue
        kid = approval.signed.kid
        about: dict[str, Any] = {"who": approval.by, "kid": kid, "version": version}
        known = [one for one in keys if one.subject == kid and one.index < release.index]
        registered = [one for one in known if one.details.get("change") == "registered"]
        if not registered:
            notes.not_shown(Topic.APPROVAL, "approval-key-not-shown", **about)
        elif any(f"officer:{one.details.get('officer')}" != approval.by for one in registered):
            notes.disproven(Topic.APPROVAL, "approval-key-of-another", index=registered[0].index, **about)
        elif ended := [one for one in known if one.details.get("change") == "revoked"]:
            notes.disproven(Topic.APPROVAL, "approval-key-revoked", index=ended[0].index, **about)
        else:
            notes.proven(Topic.APPROVAL, "approval-key-registered", index=registered[0].index, **about)
