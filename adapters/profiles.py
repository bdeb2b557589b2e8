"""Profiles: what differs between two partners of one adapter, as TOML; unknown words are refused."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from hub.errors import Refused
from hub.policy.toml import read_toml

MAX_BYTES: Final = 64 * 1024


def invalid(sentence: str) -> Refused:
    """Build the refusal of a profile."""
    return Refused("adapter-invalid", f"The profile cannot be used: {sentence}.")


def read_profile(path: Path) -> dict[str, Any]:
    """Return the options of a profile file."""
    try:
        raw = path.read_bytes()[: MAX_BYTES + 1]
        if len(raw) > MAX_BYTES:
            raise invalid(f"it has more than {MAX_BYTES:,} bytes")
        return parse_profile(raw.decode("utf-8"))
    except OSError as error:
        raise invalid(f"it cannot be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        raise invalid(f"it is not TOML ({error})") from None


def parse_profile(source: str) -> dict[str, Any]:
    """Return the options of a profile's text."""
    try:
        return read_toml(source, max_bytes=MAX_BYTES)
    except ValueError as error:
        raise invalid(str(error)) from None


def only(options: Mapping[str, Any], *known: str) -> None:
    """Refuse options that nobody reads: a typing error would otherwise change nothing, silently."""
    if stray := sorted(options.keys() - set(known)):
        raise invalid(f"expected {', '.join(sorted(known))}; it has {', '.join(stray)}")


def choice(options: Mapping[str, Any], name: str, among: frozenset[str], *, default: str) -> str:
    """Return one of some words."""
    value = options.get(name, default)
    if value not in among:
        raise invalid(f"{name}: expected one of {', '.join(sorted(among))}")
    return str(value)


def flag(options: Mapping[str, Any], name: str, *, default: bool) -> bool:
    """Return true or false."""
    value = options.get(name, default)
    if not isinstance(value, bool):
        raise invalid(f"{name}: expected true or false")
    return value


def whole(options: Mapping[str, Any], name: str, *, lowest: int, highest: int, default: int) -> int:
    """Return a whole number within bounds."""
    value = options.get(name, default)
    if type(value) is not int or not lowest <= value <= highest:
        raise invalid(f"{name}: expected a whole number from {lowest:,} to {highest:,}")
    return value


def text(options: Mapping[str, Any], name: str, *, default: str) -> str:
    """Return a text that is not empty."""
    value = options.get(name, default)
    if not isinstance(value, str) or not value:
        raise invalid(f"{name}: expected a text")
    return value


def words(options: Mapping[str, Any], name: str) -> frozenset[str] | None:
    """Return a set of words, or None where the profile does not name any."""
    value = options.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise invalid(f"{name}: expected a list of words")
    return frozenset(value)
