"""The specification and the pages made of it: complete, valid, and without any outside resource."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import jsonschema_rs
import pytest

from hub.api.problems import MEDIA_TYPE
from tests.api.world import World


@pytest.fixture
def document(world: World) -> Any:
    """The specification as it is served."""
    return world.call("GET", "/openapi.json").ok()


def operations(document: Any) -> Iterator[tuple[str, str, Any]]:
    for path, item in document["paths"].items():
        yield from ((path, method, told) for method, told in item.items() if method != "parameters")


def bodies(told: Any) -> Iterator[tuple[str, Any]]:
    if "requestBody" in told:
        yield from told["requestBody"]["content"].items()
    for response in told["responses"].values():
        yield from response.get("content", {}).items()


def test_every_route_is_in_the_specification(world: World, document: Any) -> None:
    served = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", str(rule)), method.lower())
        for rule in world.app.url_map.iter_rules()
        if not str(rule).startswith(("/taxii2/", "/as4"))  # TAXII and AS4 are specified by OASIS
        for method in rule.methods or ()
    }
    written = {(path, method) for path, method, _ in operations(document)}
    heads = {(path, "head") for path, method in written if method == "get"}
    own = {(path, m) for path in ("/docs", "/docs/style.css", "/openapi.json") for m in ("get", "head")}
    assert served == written | heads | own


#: What a protocol lays down a body of its own for (C2SP tlog-witness).
NO_PROBLEM = {("add_log_checkpoint", "409")}


def test_every_operation_is_told_in_full(document: Any) -> None:
    assert document["openapi"].startswith("3.1")
    names = [told["operationId"] for _, _, told in operations(document)]
    assert len(names) == len(set(names))
    for path, method, told in operations(document):
        where = f"{method} {path}"
        assert told["summary"], where
        assert "security" in told, where
        assert {"422", "429", "500", "503"} <= set(told["responses"]), where
        assert "default" not in told["responses"], where
        for status, response in told["responses"].items():
            assert response["description"], where
            if int(status) >= 400 and (told["operationId"], status) not in NO_PROBLEM:
                assert list(response["content"]) == [MEDIA_TYPE], where


def test_every_example_fits_its_schema(document: Any) -> None:
    checked = 0
    validators: dict[str, Any] = {}  # many bodies share a schema, and to read one takes long
    for path, method, told in operations(document):
        for media_type, media in bodies(told):
            if media_type == "application/octet-stream":
                continue
            assert "example" in media or "examples" in media, f"{method} {path} {media_type}"
            named = json.dumps(media["schema"], sort_keys=True)
            if named not in validators:
                schema = {**media["schema"], "components": document["components"]}
                validators[named] = jsonschema_rs.validator_for(schema)
            for example in _examples(media, document):
                validators[named].validate(example)
                checked += 1
    assert checked > 100


def _examples(media: Any, document: Any) -> Iterator[Any]:
    if "example" in media:
        yield media["example"]
    for example in media.get("examples", {}).values():
        name = example["$ref"].rpartition("/")[2]
        yield document["components"]["examples"][name]["value"]


def test_references_lead_somewhere(document: Any) -> None:
    for reference in set(re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document))):
        found = document
        for part in reference.split("/"):
            found = found[part]
        assert found


class Reader(HTMLParser):
    """Collects what a page would load, where it leads, and what it holds."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self.tags.add(tag)
        if tag == "link" or "src" in told:
            self.loaded.append(str(told.get("href") or told.get("src")))
        if tag == "a":
            self.links.append(str(told["href"]))
        if told.get("id"):
            self.ids.add(str(told["id"]))


def test_the_pages_load_nothing_from_outside(world: World, document: Any) -> None:
    said = world.call("GET", "/docs")
    page = Reader()
    page.feed(said.response.text)
    assert page.loaded == ["/docs/style.css"]
    assert "script" not in page.tags
    assert "style" not in page.tags
    assert "style=" not in said.response.text
    assert said.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'")
    assert {link[1:] for link in page.links if link.startswith("#")} <= page.ids
    assert {told["operationId"] for _, _, told in operations(document)} <= page.ids
    style = world.call("GET", "/docs/style.css").response
    assert style.content_type.startswith("text/css")
    assert "url(" not in style.text
    assert "@import" not in style.text


def test_what_has_not_changed_is_not_sent_again(world: World) -> None:
    first = world.call("GET", "/docs")
    again = world.call("GET", "/docs", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status, again.response.data) == (304, b"")
