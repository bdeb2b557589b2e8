"""The OpenAPI document, completed: where it is served, what it is about, an example wherever one helps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from hub.api.problems import MEDIA_TYPE

Document = dict[str, Any]

_ABOUT: Final = """\
A hub lets agencies exchange signed and sealed records. Three kinds of caller use it:

* partners (other hubs) under `/exchange/v1`, known by their client certificate;
* members' systems under `/api/v1`, with an access token that is bound to their certificate;
* officers under `/api/v1`, with a token from their session.

Every error is a problem document (RFC 9457) with a stable `code`. Lists are read with opaque cursors that
neither skip nor repeat. Absent values are absent, never null. Times are UTC. Unknown fields are refused.
"""


def complete(document: Document, *, issuer: str) -> Document:
    """Return the document with its introduction, its server and an example for each body."""
    document["info"]["description"] = _ABOUT
    document["servers"] = [{"url": issuer}]
    schemas = document["components"]["schemas"]
    # flask-smorest registers the shape of a header that no operation here has.
    schemas.pop("PaginationMetadata", None)
    for operation in operations_of(document):
        for content in _contents(operation):
            for media_type, media in content.items():
                if (
                    "schema" in media
                    and media_type != MEDIA_TYPE
                    and not {"example", "examples"} & set(media)
                ):
                    made = example_of(media["schema"], schemas)
                    if made is not None:
                        media["example"] = made
    return document


def operations_of(document: Mapping[str, Any]) -> Iterator[Document]:
    """Yield every operation."""
    for path in document["paths"].values():
        yield from (operation for name, operation in path.items() if name != "parameters")


def _contents(operation: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if "requestBody" in operation:
        yield operation["requestBody"]["content"]
    for response in operation["responses"].values():
        yield response.get("content", {})


def example_of(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Any:
    """Return a value that fits a schema, made of its fields' own examples; None for what has no shape."""
    schema = resolved(schema, schemas)
    if schema.get("examples"):
        return schema["examples"][0]
    if "enum" in schema:
        return next(value for value in schema["enum"] if value is not None)
    kind = schema.get("type")
    if kind == "object":
        properties = schema.get("properties", {})
        return {name: example_of(inner, schemas) for name, inner in properties.items()}
    if kind == "array":
        return [example_of(schema["items"], schemas)]
    return {"string": "…", "integer": schema.get("minimum", 1), "boolean": True}.get(str(kind))


def resolved(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a reference stands for; keywords beside it are kept."""
    if "$ref" in schema:
        beside = {name: value for name, value in schema.items() if name != "$ref"}
        return {**schemas[schema["$ref"].rpartition("/")[2]], **beside}
    if len(schema.get("allOf", ())) == 1:
        return {**resolved(schema["allOf"][0], schemas), **{k: v for k, v in schema.items() if k != "allOf"}}
    return schema
