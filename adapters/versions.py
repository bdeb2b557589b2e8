"""Objects that a document versions: the same name may never come with other content."""

from __future__ import annotations

from collections.abc import Mapping

from hub.errors import IntegrityFailure


def refuse_changed(known: Mapping[str, str], now: Mapping[str, str]) -> None:
    """Compare what a document's objects are with what came before under the same names.

    Raises IntegrityFailure `partner-document-ambiguous` where one changed without a new version: STIX 2.1
    §3.6 asks for a new `modified` with every change, and public bundles break this.
    """
    changed = [name for name, digest in now.items() if known.get(name, digest) != digest]
    if changed:
        raise ambiguous(f"{len(changed)} of its objects changed without a new version")


def ambiguous(sentence: str) -> IntegrityFailure:
    """Build the failure for a document that says two things at once."""
    return IntegrityFailure(
        "partner-document-ambiguous", f"The partner's document is held, not applied: {sentence}."
    )
