"""Which adapters, carriers and seals there are: those here, and those that other packages name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, Final, cast

from adapters.contract import Adapter, Carrier, CarrierMaker, Maker, Materials, Seal, SealMaker
from hub.errors import HubError, Refused

#: The groups in which packages of others name what makes an adapter, a carrier or a seal.
GROUP: Final = "hub.adapters"
CARRIERS: Final = "hub.carriers"
SEALS: Final = "hub.seals"
#: name -> where its maker is, and for adapters the options each is checked with.
_HERE: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "bilateral": ("adapters.bilateral:make", {}),
    "bilateral-misp": ("adapters.bilateral:make", {"dialect": "misp"}),
    "bilateral-misp-plain": ("adapters.bilateral:make", {"dialect": "misp", "extension": False}),
    "bilateral-stix": ("adapters.bilateral:make", {"dialect": "stix"}),
    "bilateral-stix-plain": ("adapters.bilateral:make", {"dialect": "stix", "extension": False}),
    "cis_atc": ("adapters.cis_atc:make", {}),
    "fiu": ("adapters.fiu:make", {}),
    "interpol": ("adapters.interpol:make", {}),
    "sco_rats": ("adapters.sco_rats:make", {}),
}
_CARRIERS: Final[dict[str, str]] = {
    "as4": "adapters.carriers.as4:make",
    "folder": "adapters.carriers.folder:make",
    "interpol-feed": "adapters.interpol.carrier:make",
    "mail": "adapters.carriers.mail:make",
    "sftp": "adapters.carriers.sftp:make",
    "taxii": "adapters.carriers.taxii:make",
    "taxii-server": "adapters.carriers.taxii_server:make",
}
_SEALS: Final[dict[str, str]] = {
    "smime": "adapters.seals.smime:make",
    "smime-gost": "adapters.seals.gost:make",
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
    where, defaults = _HERE.get(name, (None, {}))
    maker = cast(Maker, _maker("adapter", GROUP, where or name, among=names()))
    made = _made("adapter", name, lambda: maker(defaults if options is None else options))
    if not isinstance(made, Adapter):
        raise Refused("adapter-invalid", f"What makes the adapter {name} returned no Adapter.")
    return made


def make_carrier(name: str, options: Mapping[str, Any], materials: Materials) -> Carrier:
    """Make one partner's carrier. Raises Refused `adapter-unknown` and `adapter-invalid`."""
    maker = cast(CarrierMaker, _maker("carrier", CARRIERS, _CARRIERS.get(name, name), among=_CARRIERS))
    return cast(Carrier, _made("carrier", name, lambda: maker(options, materials)))


def make_seal(name: str, options: Mapping[str, Any], materials: Materials) -> Seal:
    """Make one partner's seal. Raises Refused `adapter-unknown` and `adapter-invalid`."""
    maker = cast(SealMaker, _maker("seal", SEALS, _SEALS.get(name, name), among=_SEALS))
    return cast(Seal, _made("seal", name, lambda: maker(options, materials)))


def _made(part: str, name: str, making: Callable[[], object]) -> object:
    try:
        return making()
    except HubError:
        raise
    except Exception as error:
        raise Refused(
            "adapter-invalid", f"The {part} {name} cannot be made ({type(error).__name__})."
        ) from error


def _maker(part: str, group: str, name: str, *, among: Mapping[str, object]) -> Callable[..., object]:
    """Return what `module:function` names, or the entry point of that name."""
    if ":" in name:
        return _named(name)
    found = [point for point in entry_points(group=group) if point.name == name]
    if not found:
        raise Refused(
            "adapter-unknown", f"There is no {part} {name}; there are {', '.join(among) or 'none'}."
        )
    if len(found) > 1:
        raise Refused("adapter-invalid", f"{len(found)} packages claim the {part} {name}.")
    try:
        return cast(Callable[..., object], found[0].load())
    except Exception as error:
        raise Refused(
            "adapter-invalid", f"The {part} {name} cannot be loaded ({type(error).__name__})."
        ) from error


def _named(where: str) -> Callable[..., object]:
    module, _, function = where.partition(":")
    try:
        return cast(Callable[..., object], getattr(import_module(module), function))
    except (ImportError, AttributeError, ValueError) as error:
        raise Refused(
            "adapter-unknown", f"There is no {where} to import ({type(error).__name__})."
        ) from error
