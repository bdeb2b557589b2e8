"""The specification turned into what the pages show: groups of operations with their tables and examples."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hub.api.problems import MEDIA_TYPE
from hub.api.specification import resolved
from hub.records.actor import Role

_DEPTH_MAX: Final = 4
_WHO: Final = {"partner": "partners", "system": "members' systems", "officer": "officers"}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One field of a body, indented by its depth."""

    depth: int
    name: str
    kind: str
    required: bool
    description: str


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A body: its media type, its fields and an example."""

    media_type: str
    description: str
    rows: tuple[Row, ...]
    example: str


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One status that an operation answers with."""

    status: str
    description: tuple[str, ...]
    headers: tuple[str, ...]
    shape: Shape | None
    refusal: bool


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One operation as a page shows it."""

    name: str
    method: str
    path: str
    summary: str
    description: str
    callers: str
    needs: str
    parameters: tuple[Row, ...]
    body: Shape | None
    replies: tuple[Reply, ...]


@dataclass(frozen=True, kw_only=True)
class Group:
    """The operations of one room."""

    name: str
    description: str
    operations: tuple[Operation, ...]


def outline(document: Mapping[str, Any]) -> tuple[Group, ...]:
    """Return the groups of a specification, in its order."""
    schemas = document["components"]["schemas"]
    found: dict[str, list[Operation]] = {tag["name"]: [] for tag in document["tags"]}
    for path, item in document["paths"].items():
        shared = item.get("parameters", [])
        for method, told in item.items():
            if method != "parameters":
                found[told["tags"][0]].append(_operation(path, method, told, shared, schemas))
    return tuple(
        Group(name=tag["name"], description=tag["description"], operations=tuple(found[tag["name"]]))
        for tag in document["tags"]
    )


def _operation(
    path: str, method: str, told: Mapping[str, Any], shared: Sequence[Any], schemas: Mapping[str, Any]
) -> Operation:
    callers = [_WHO[name] for requirement in told["security"] for name in requirement]
    needs = [_roles(roles)] if (roles := told.get("x-roles")) else []
    needs += [f"scope {scope}"] if (scope := told.get("x-scope")) else []
    body = told.get("requestBody")
    return Operation(
        name=told["operationId"],
        method=method.upper(),
        path=path,
        summary=told["summary"],
        description=told.get("description", ""),
        callers=" and ".join(callers) or "anyone",
        needs="; ".join(needs),
        parameters=tuple(_parameter(one, schemas) for one in [*shared, *told.get("parameters", [])]),
        body=_shape(body["content"], schemas) if body else None,
        replies=tuple(_reply(status, one, schemas) for status, one in sorted(told["responses"].items())),
    )


def _roles(roles: Sequence[str]) -> str:
    return "any role" if len(roles) == len(Role) else f"role {' or '.join(roles)}"


def _parameter(told: Mapping[str, Any], schemas: Mapping[str, Any]) -> Row:
    return Row(
        depth=0,
        name=told["name"],
        kind=f"{told['in']} · {_kind(resolved(told['schema'], schemas))}",
        required=told.get("required", False),
        description=told.get("description", ""),
    )


def _reply(status: str, told: Mapping[str, Any], schemas: Mapping[str, Any]) -> Reply:
    content = told.get("content", {})
    refusal = MEDIA_TYPE in content
    return Reply(
        status=status,
        description=tuple(told.get("description", "").splitlines()),
        headers=tuple(told.get("headers", {})),
        shape=_shape(content, schemas) if content and not refusal else None,
        refusal=refusal,
    )


def _shape(content: Mapping[str, Any], schemas: Mapping[str, Any]) -> Shape:
    media_type, media = next(iter(content.items()))
    schema = resolved(media.get("schema", {}), schemas)
    example = media.get("example")
    return Shape(
        media_type=media_type,
        description=schema.get("description", ""),
        rows=tuple(_rows(schema, schemas, 0)),
        example="" if example is None else json.dumps(example, ensure_ascii=False, indent=2),
    )


def _rows(schema: Mapping[str, Any], schemas: Mapping[str, Any], depth: int) -> Iterator[Row]:
    required = schema.get("required", ())
    for name, told in schema.get("properties", {}).items():
        inner = resolved(told, schemas)
        yield Row(
            depth=depth,
            name=name,
            kind=_kind(inner, schemas),
            required=name in required,
            description=inner.get("description", "") if "properties" not in inner else "",
        )
        below = resolved(inner["items"], schemas) if inner.get("type") == "array" else inner
        if depth < _DEPTH_MAX:
            yield from _rows(below, schemas, depth + 1)


def _kind(schema: Mapping[str, Any], schemas: Mapping[str, Any] | None = None) -> str:
    """Return a field's type in a few words."""
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_kind(resolved(schema['items'], schemas or {}), schemas)}"
    text = str(schema.get("title") or schema.get("format") or schema.get("type", "any"))
    least, most = schema.get("minimum"), schema.get("maximum")
    return f"{text} {least}–{most}" if least is not None and most is not None else text
