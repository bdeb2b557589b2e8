"""What is wrong with a record, and where, in words that repeat nothing of its content."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from marshmallow import ValidationError

#: More than a person will read; a hostile record can have as many problems as bytes.
MAX_PROBLEMS: Final = 50

# A field's name is structure and may be shown; whatever does not look like one could be content.
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing that is wrong. `path` is like `subjects[0].names[1].text`, or empty for the whole."""

    path: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.path}: {self.sentence}" if self.path else self.sentence


def problems_of(error: ValidationError) -> list[Problem]:
    """Flatten what a schema found, at most `MAX_PROBLEMS`."""
    found: list[Problem] = []
    for path, sentence in _walk("", error.messages):
        if len(found) == MAX_PROBLEMS:
            found.append(
                Problem(path="", sentence=f"has more than {MAX_PROBLEMS} problems; these come first")
            )
            break
        found.append(Problem(path=path, sentence=sentence))
    return found


def _walk(path: str, messages: Any) -> Iterator[tuple[str, str]]:
    if isinstance(messages, Mapping):
        for key, below in messages.items():
            yield from _walk(_joined(path, key), below)
    else:
        for sentence in messages:
            yield path, sentence


def _joined(path: str, key: object) -> str:
    if isinstance(key, int):
        return f"{path}[{key}]"
    if key == "_schema":
        return path
    name = key if isinstance(key, str) and _NAME.fullmatch(key) else "*"
    return f"{path}.{name}" if path else name
