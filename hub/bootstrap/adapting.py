"""Adapters for the commands: which there are, how one is made, and the kit that checks it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from adapters import registry
from adapters.contract import Adapter
from adapters.kit.skeleton import skeleton
from adapters.profiles import read_profile
from hub.errors import Refused

if TYPE_CHECKING:
    from adapters.kit.checking import Result

__all__ = ["adapter_files", "adapter_names", "check_adapter", "make_adapter"]


def adapter_names() -> Mapping[str, str]:
    """Return the names of all adapters, and the package each comes from."""
    return registry.names()


def make_adapter(name: str, profile: Path | None = None) -> Adapter:
    """Make an adapter, with a profile of its own or as it comes."""
    return registry.make(name, None if profile is None else read_profile(profile))


def adapter_files(name: str) -> Mapping[str, str]:
    """Return path -> text of a new adapter that passes the kit."""
    return skeleton(name)


def check_adapter(adapter: Adapter, *, examples: int) -> Iterator[Result]:
    """Run the conformance kit, which needs Hypothesis: hubs in service come without it."""
    try:
        from adapters.kit.checking import check
    except ModuleNotFoundError as error:
        raise Refused(
            "not-found", f"The conformance kit needs {error.name}, which is not installed here."
        ) from None
    return check(adapter, examples=examples)
