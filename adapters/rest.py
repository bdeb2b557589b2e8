"""What of a document nobody has taken yet: loss reports and unknown parts are true because they are this.

A dialect takes, field by field, what it has a place for. What is left over at the end is lost (on the way
out) or unknown (on the way in); no list of losses is kept by hand, so none can be forgotten.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

#: Steps from the root of a document: names of members and places in lists.
Path = tuple[str | int, ...]

_ABSENT: Final = object()
_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_STEP: Final = re.compile(
    r"\.?(?P<name>[A-Za-z_][A-Za-z0-9_-]*)|\[(?P<place>\d+)\]|\[(?P<quoted>\"(?:[^\"\\]|\\.)*\")\]"
)


def text_of(path: Path) -> str:
    """Return a path as people read it, like `subjects[0].look`; strange names are quoted."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _PLAIN.fullmatch(step):
            text += f".{step}" if text else step
        else:
            text += f"[{json.dumps(step, ensure_ascii=False)}]"
    return text


def path_of(text: str) -> Path:
    """Return the path of its text; raise ValueError for what `text_of` does not write."""
    path: list[str | int] = []
    at = 0
    while at < len(text):
        found = _STEP.match(text, at)
        if found is None:
            raise ValueError("this is no path like subjects[0].look")
        if found["place"] is not None:
            path.append(int(found["place"]))
        else:
            path.append(found["name"] if found["quoted"] is None else json.loads(found["quoted"]))
        at = found.end()
    return tuple(path)


class Rest:
    """A document and what was taken of it. Views made by `at` share what was taken."""

    def __init__(self, whole: Any) -> None:
        self._whole = whole
        self._taken: set[Path] = set()
        self._base: Path = ()

    @property
    def path(self) -> Path:
        """Return where this view begins in the whole document."""
        return self._base

    def at(self, *path: str | int) -> Rest:
        """Return a view of one part: its paths begin there."""
        view = Rest(self._whole)
        view._taken, view._base = self._taken, (*self._base, *path)
        return view

    def see(self, *path: str | int, default: Any = None) -> Any:
        """Return what stands at a path without taking it."""
        value = self._whole
        for step in (*self._base, *path):
            value = _step(value, step)
            if value is _ABSENT:
                return default
        return value

    def take(self, *path: str | int, default: Any = None) -> Any:
        """Return what stands at a path, and take it with all beneath."""
        value = self.see(*path, default=_ABSENT)
        if value is _ABSENT:
            return default
        self._taken.add((*self._base, *path))
        return value

    def take_if(self, *path: str | int, of: type | tuple[type, ...]) -> Any:
        """Take what stands at a path if it is of a type; else leave it and return None."""
        value = self.see(*path, default=_ABSENT)
        if value is _ABSENT or not isinstance(value, of) or (isinstance(value, bool) and of is not bool):
            return None
        return self.take(*path)

    def each(self, *path: str | int) -> Iterator[Rest]:
        """Yield a view of each member of a list; nothing where there is no list."""
        value = self.see(*path)
        for place in range(len(value) if isinstance(value, (list, tuple)) else 0):
            yield self.at(*path, place)

    def left(self) -> list[tuple[Path, Any]]:
        """Return the parts of this view of which nothing was taken, each as large as possible.

        Empty lists, objects and texts say nothing and are not told of.
        """
        touched = {self._base} | {path[:end] for path in self._taken for end in range(len(path) + 1)}
        return list(_left(self.see(), self._base, self._taken, touched))

    def lost(self) -> tuple[str, ...]:
        """Return the paths of what is left, as people read them."""
        return tuple(text_of(path) for path, _ in self.left())


def _step(value: Any, step: str | int) -> Any:
    if isinstance(step, str):
        return value.get(step, _ABSENT) if isinstance(value, Mapping) else _ABSENT
    return value[step] if isinstance(value, (list, tuple)) and -1 < step < len(value) else _ABSENT


def _left(value: Any, path: Path, taken: set[Path], touched: set[Path]) -> Iterator[tuple[Path, Any]]:
    if path in taken:
        return
    if path not in touched:
        if value not in ("", [], {}, ()):
            yield path, value
        return
    inner: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, Mapping):
        inner = value.items()
    elif isinstance(value, (list, tuple)):
        inner = enumerate(value)
    for step, each in inner:
        yield from _left(each, (*path, step), taken, touched)


def assemble(parts: Iterable[tuple[Path, Any]]) -> dict[str, Any]:
    """Put values together at their paths; places in lists close up, in order.

    Raises ValueError where two parts claim one place.
    """
    root: dict[str | int, Any] = {}
    for path, value in parts:
        if not path:
            raise ValueError("a part without a path")
        node = root
        for step in path[:-1]:
            node = node.setdefault(step, _Node())
            if not isinstance(node, _Node):
                raise ValueError("two parts claim one place")
        if path[-1] in node:
            raise ValueError("two parts claim one place")
        node[path[-1]] = value
    return {str(name): _closed(value) for name, value in root.items()}


class _Node(dict[str | int, Any]):
    """An object or a list that is being put together; values of the record itself are never one."""


def _closed(value: Any) -> Any:
    if not isinstance(value, _Node):
        return value
    if all(isinstance(step, int) for step in value):
        return [_closed(value[step]) for step in sorted(value)]
    if any(isinstance(step, int) for step in value):
        raise ValueError("a part is a list and an object")
    return {str(name): _closed(each) for name, each in value.items()}


def without(document: Any, lost: Iterable[Path]) -> Any:
    """Return a copy of a document without what stands at some paths."""
    gone = set(lost)

    def copied(value: Any, path: Path) -> Any:
        if isinstance(value, Mapping):
            return {k: copied(v, (*path, k)) for k, v in value.items() if (*path, k) not in gone}
        if isinstance(value, (list, tuple)):
            return [copied(v, (*path, i)) for i, v in enumerate(value) if (*path, i) not in gone]
        return value

    return copied(document, ())


def said(document: Any) -> Any:
    """Return a document without its empty lists, objects and texts, which say nothing."""
    if isinstance(document, Mapping):
        parts = ((name, said(value)) for name, value in document.items())
        return {name: value for name, value in parts if value not in ("", [], {})}
    if isinstance(document, (list, tuple)):
        return [said(value) for value in document]
    return document
