"""The directory as partners fetch it: the files that were verified here, and nothing beside them."""

from __future__ import annotations

import pytest

from tests.api.world import World, partner_certificate
from tests.federation.directory.repos import founded

_METADATA = "/directory/metadata/"


@pytest.fixture
def directory(world: World) -> World:
    return with_directory(world)


def with_directory(world: World) -> World:
    """Put the files of a directory into a hub's home, and one beside them that is not for others."""
    founded().write(world.place.repository)
    (world.place.folder / "state.json").write_text("{}")
    return world


def test_a_partner_fetches_the_directory(directory: World) -> None:
    certificate = partner_certificate("cis-atc")
    for path in directory.place.repository.glob("*/**/*.*"):
        name = path.relative_to(directory.place.repository)
        said = directory.call("GET", f"/directory/{name}", certificate=certificate)
        assert said.status == 200, name
        assert said.response.data == path.read_bytes()
    said = directory.call("GET", f"{_METADATA}timestamp.json", certificate=certificate)
    assert said.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    [
        f"{_METADATA}9.root.json",
        f"{_METADATA}root.json",
        f"{_METADATA}..%2f..%2fstate.json",
        "/directory/state.json",
        f"/directory/targets/uz-sgb/{'0' * 64}.entry.jws",
        "/directory/targets/../../pinned.json",
    ],
)
def test_nothing_else_is_handed_out(path: str, directory: World) -> None:
    said = directory.call("GET", path, certificate=partner_certificate("cis-atc"))
    assert said.status == 404


def test_a_stranger_gets_nothing(directory: World) -> None:
    assert directory.call("GET", f"{_METADATA}timestamp.json").status == 401
    assert (
        directory.call("GET", f"{_METADATA}timestamp.json", certificate=partner_certificate("xx-yyy")).status
        == 403
    )
