"""Read the hub's own source and follow, from each operation, what it can call and which acts it can write.

Names are followed as Python binds them: definitions, imports, methods of a class that is named or of `self`.
What is called on a value whose class is not written there is found by the method's name, where at most
`_BEARERS_MAX` classes have one. So a call may be followed that never happens; none that is written as a name
is missed.
"""

from __future__ import annotations

import ast
import inspect
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Final

#: A definition: its module and its name there, `Class.method` for a method.
Place = tuple[str, str]

_BEARERS_MAX: Final = 2
#: They make things; what an operation does is written where it uses them.
_MAKERS: Final = ("hub.bootstrap.opening", "hub.bootstrap.wiring", "hub.ports", "hub.api.app")
_PACKAGES: Final = ("hub", "keys")
#: Through these alone content is opened for anyone but the carrying of sealed bytes.
_OPENERS: Final = frozenset(
    {
        ("hub.exchange.contents", "open_content"),
        ("hub.exchange.contents", "_open_again"),
        ("hub.exchange.evidence.collecting", "_contents"),
        ("hub.exchange.evidence.collecting", "_envelope"),
    }
)
_FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef)


@lru_cache(maxsize=1)
def program() -> Program:
    """Return the hub as it is installed here, taken apart once."""
    return Program(sources())


def place_of(callback: Callable[..., object] | None) -> Place:
    """Return where the function is defined that an operation runs."""
    found = inspect.unwrap(callback) if callback is not None else place_of
    return found.__module__, found.__qualname__


@dataclass(kw_only=True)
class _Module:
    """One module's definitions, and what its names are bound to by imports."""

    name: str
    defined: dict[str, ast.AST] = field(default_factory=dict)
    imported: dict[str, Place] = field(default_factory=dict)


def sources() -> Mapping[str, str]:
    """Return the source of every module of the hub as it is installed here."""
    import hub

    above = Path(hub.__file__).parent.parent
    return {
        ".".join(path.relative_to(above).with_suffix("").parts).removesuffix(".__init__"): path.read_text(
            "utf-8"
        )
        for package in _PACKAGES
        for path in sorted((above / package).rglob("*.py"))
    }


class Program:
    """All modules, taken apart once."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._modules = {name: _module(name, ast.parse(text)) for name, text in texts.items()}
        self._known: dict[Place, frozenset[Place]] = {}
        self._acts: dict[Place, frozenset[str]] = {}

    @cached_property
    def _bearers(self) -> Mapping[str, list[Place]]:
        """Return which classes have a method, by the method's name."""
        found: dict[str, list[Place]] = defaultdict(list)
        for module in self._modules.values():
            if not module.name.startswith(_MAKERS):
                for name in module.defined:
                    if "." in name:
                        found[name.rpartition(".")[2]].append((module.name, name))
        return found

    def acts(self, start: Place) -> frozenset[str]:
        """Return the names of the acts that stand in what an operation can reach."""
        return frozenset(act for place in self.reached(start) for act in self._acts_in(place))

    def _acts_in(self, place: Place) -> frozenset[str]:
        """Return the acts that stand in a definition, but for those that something is compared with."""
        if place not in self._acts:
            self._acts[place] = frozenset(_acts(self._modules[place[0]].defined[place[1]]))
        return self._acts[place]

    def opens_content(self, start: Place) -> bool:
        """Tell whether a record's content is opened in what an operation can reach."""
        return not _OPENERS.isdisjoint(self.reached(start))

    def reached(self, start: Place) -> frozenset[Place]:
        """Return every definition that can be reached from one."""
        seen, todo = {start}, [start]
        while todo:
            for place in self._next(todo.pop()):
                if place not in seen:
                    seen.add(place)
                    todo.append(place)
        return frozenset(seen)

    def _next(self, place: Place) -> frozenset[Place]:
        if place not in self._known:
            module = self._modules[place[0]]
            named = self._named(module, place[1], module.defined[place[1]])
            self._known[place] = frozenset(one for one in named if not one[0].startswith(_MAKERS))
        return self._known[place]

    def _named(self, module: _Module, name: str, node: ast.AST) -> Iterator[Place]:
        if isinstance(node, ast.ClassDef):
            yield from ((module.name, one) for one in module.defined if one.startswith(f"{node.name}."))
        for inner in _inside(node):
            if isinstance(inner, ast.Name):
                yield from self._bound(module.name, inner.id)
            elif isinstance(inner, ast.Attribute):
                yield from self._attribute(module, name, inner)

    def _bound(self, module: str, name: str, depth: int = 8) -> Iterator[Place]:
        """Yield what a name stands for, through the modules that hand it on."""
        here = self._modules.get(module)
        if here is None or depth == 0:
            return
        if name in here.defined:
            yield module, name
        elif name in here.imported:
            other, inner = here.imported[name]
            if f"{other}.{inner}" not in self._modules:
                yield from self._bound(other, inner, depth - 1)

    def _attribute(self, module: _Module, name: str, node: ast.Attribute) -> Iterator[Place]:
        base = node.value
        if isinstance(base, ast.Name):
            if base.id in {"self", "cls"}:
                own = f"{name.partition('.')[0]}.{node.attr}"
                if own in module.defined:
                    yield module.name, own
                    return
            if base.id in module.imported:
                whole = ".".join(module.imported[base.id]).removesuffix(".")
                if whole in self._modules:
                    yield from self._bound(whole, node.attr)
                    return
            for where, bound in self._bound(module.name, base.id):
                if f"{bound}.{node.attr}" in self._modules[where].defined:
                    yield where, f"{bound}.{node.attr}"
                    return
        bearers = self._bearers.get(node.attr, [])
        if len(bearers) <= _BEARERS_MAX:
            yield from bearers


def _inside(node: ast.AST, *, compared: bool = True) -> Iterator[ast.AST]:
    """Yield what stands in a definition, without its decorators, which only declare.

    Without `compared`, what something is compared with is left out.
    """
    todo = [node]
    while todo:
        one = todo.pop()
        yield one
        left_out = one.decorator_list if isinstance(one, (*_FUNCTIONS, ast.ClassDef)) else []
        if compared or not isinstance(one, ast.Compare):
            todo += [child for child in ast.iter_child_nodes(one) if child not in left_out]


def _acts(node: ast.AST) -> Iterator[str]:
    for one in _inside(node, compared=False):
        if isinstance(one, ast.Attribute) and isinstance(one.value, ast.Name) and one.value.id == "Act":
            yield one.attr


def _module(name: str, tree: ast.Module) -> _Module:
    module = _Module(name=name)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            for alias in node.names:
                module.imported[alias.asname or alias.name] = (node.module, alias.name)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.asname:
                    module.imported[alias.asname] = (alias.name, "")
    for node in _top(tree.body):
        if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            module.defined[node.name] = node
        if isinstance(node, ast.ClassDef):
            for inner in node.body:
                if isinstance(inner, _FUNCTIONS):
                    module.defined[f"{node.name}.{inner.name}"] = inner
        elif isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if isinstance(target, ast.Name):
                    module.defined[target.id] = node.value
    return module


def _top(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield what a module defines, also where a condition stands before it."""
    for node in body:
        if isinstance(node, (ast.If, ast.Try)):
            yield from _top([*node.body, *node.orelse])
        else:
            yield node
