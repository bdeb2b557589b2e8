"""Which adapters there are: those here, and those that other packages name as entry points."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, Final

from adapters.contract import Adapter, Maker
from hub.errors import HubError, Refused

#: The group in which packages of others name a `Maker`.
GROUP: Final = "hub.adapters"
#: name -> where its Maker is, and the options it is checked with.
_HERE: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "bilateral": ("adapters.bilateral:make", {}),
    "bilateral-misp": ("adapters.bilateral:make", {"dialect": "misp"}),
    "bilateral-misp-plain": ("adapters.bilateral:make", {"dialect": "misp", "extension": False}),
    "bilateral-stix": ("adapters.bilateral:make", {"dialect": "stix"}),
    "bilateral-stix-plain": ("adapters.bilateral:make", {"dialect": "stix", "extension": False}),
    "cis_atc": ("adapters.cis_atc:make", {}),
    "interpol": ("adapters.interpol:make", {}),
}


def names() -> Mapping[str, str]:
    """Return the names of all adapters, and where each comes from."""
    found = dict.fromkeys(_HERE, "hub")
    for point in entry_points(group=GROUP):
        # A package of others never takes the place of an adapter that is here.
        found.setdefault(point.name, point.dist.name if point.dist is not None else point.value)
    return found


def make(name: str, options: Mapping[str, Any] | None = None) -> Adapter:
    """Make an adapter by its name, or by `module:function` while it is being written.

    Raises Refused `adapter-unknown` and `adapter-invalid`.
    """
    maker, defaults = _maker(name)
    try:
        made = maker(defaults if options is None else options)
    except HubError:
        raise
    except Exception as error:
        raise Refused(
            "adapter-invalid", f"The adapter {name} cannot be made ({type(error).__name__})."
        ) from error
    if not isinstance(made, Adapter):
        raise Refused("adapter-invalid", f"What makes the adapter {name} returned no Adapter.")
    return made


def _maker(name: str) -> tuple[Maker, Mapping[str, Any]]:
    if ":" in name:
        return _named(name), {}
    if name in _HERE:
        where, options = _HERE[name]
        return _named(where), options
    found = [point for point in entry_points(group=GROUP) if point.name == name]
    if not found:
        raise Refused("adapter-unknown", f"There is no adapter {name}; there are {', '.join(names())}.")
    if len(found) > 1:
        raise Refused("adapter-invalid", f"{len(found)} packages claim the adapter {name}.")
    try:
        return found[0].load(), {}
    except Exception as error:
        raise Refused(
            "adapter-invalid", f"The adapter {name} cannot be loaded ({type(error).__name__})."
        ) from error


def _named(where: str) -> Maker:
    module, _, function = where.partition(":")
    try:
        found: Maker = getattr(import_module(module), function)
    except (ImportError, AttributeError, ValueError) as error:
        raise Refused(
            "adapter-unknown", f"There is no {where} to import ({type(error).__name__})."
        ) from error
    return found
