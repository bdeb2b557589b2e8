"""Adapters for the commands: which there are, how one is made, and the kit that checks it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adapters import registry
from adapters.contract import Adapter
from adapters.kit.skeleton import skeleton
from adapters.profiles import read_profile
from hub.errors import HubError, Refused

if TYPE_CHECKING:
    from adapters.kit.checking import Result

__all__ = ["adapter_files", "adapter_names", "beside_un_list", "check_adapter", "make_adapter"]


def adapter_names() -> Mapping[str, str]:
    """Return the names of all adapters, and the package each comes from."""
    return registry.names()


def make_adapter(name: str, profile: Path | None = None) -> Adapter:
    """Make an adapter, with a profile of its own or as it comes."""
    return registry.make(name, None if profile is None else read_profile(profile))


def adapter_files(name: str) -> Mapping[str, str]:
    """Return path -> text of a new adapter that passes the kit."""
    return skeleton(name)


def beside_un_list(adapter: Adapter, documents: Iterable[bytes], un_list: bytes) -> dict[str, Any]:
    """Return which UN Special Notices belong to which entries of the Security Council's list.

    `unlisted` are notices whose entry it does not have, `unread` are documents that are not understood.
    Raises Refused `list-invalid`.
    """
    # Here and not above: lists are large, and few commands read one.
    from adapters.interpol.joining import join
    from adapters.un_list import LISTS, designations, read_list

    notices: list[Mapping[str, Any]] = []
    unread = 0
    for document in documents:
        try:
            notices.append(adapter.dialect.interpret(document).record)
        except HubError:
            unread += 1
    joined = join(notices, designations(read_list(un_list), "", list_types=LISTS))
    return {
        "joined": {
            str(notice["details"]["number"]): entry["details"]["reference"] for notice, entry in joined.pairs
        },
        "unlisted": [str(one["details"]["number"]) for one in joined.notices_unlisted],
        "entries_without": len(joined.entries_without),
        "unread": unread,
    }


def check_adapter(adapter: Adapter, *, examples: int) -> Iterator[Result]:
    """Run the conformance kit, which needs Hypothesis: hubs in service come without it."""
    try:
        from adapters.kit.checking import check
    except ModuleNotFoundError as error:
        raise Refused(
            "not-found", f"The conformance kit needs {error.name}, which is not installed here."
        ) from None
    return check(adapter, examples=examples)
