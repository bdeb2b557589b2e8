"""`hub log coverage`: what every operation of the API and every command writes into the log."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import click

from hub.audit.trail import Trail, writes_nothing
from hub.cli.answer import Answer, table
from hub.cli.frame import Leaf, leaf, trail
from hub.errors import OurFault


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One way to use the hub, and what it declares."""

    through: str
    name: str
    trail: Trail | None


@trail(writes_nothing("what operations declare; no hub is looked at"))
@leaf(examples=("hub log coverage",))
@click.pass_context
def coverage(context: click.Context) -> Answer:
    """Check that every operation says what it writes into the log, and list what it says. Needs no hub.

    That each really writes what it says, and nothing else, is checked by the tests, which call them all.
    """
    found = [*_of_api(), *_of_commands(context.find_root().command)]
    silent = [one.name for one in found if one.trail is None]
    if silent:
        raise OurFault(
            "coverage-incomplete", f"{len(silent)} operations declare nothing: {', '.join(silent)}."
        )
    return Answer(
        document={"operations": [_document(one) for one in found]},
        people=(
            table(("through", "operation", "writes"), [(o.through, o.name, str(o.trail)) for o in found]),
            f"All of {len(found)} operations say what they write.",
        ),
    )


def _of_api() -> Iterator[Operation]:
    from hub.api.app import ROOMS

    for room in ROOMS:
        for name, declared in room.trails.items():
            yield Operation(through="API", name=name.rpartition(".")[2], trail=declared)


def _of_commands(command: click.Command, path: tuple[str, ...] = ("hub",)) -> Iterator[Operation]:
    if isinstance(command, Leaf):
        yield Operation(through="command", name=" ".join(path), trail=command.trail)
    elif isinstance(command, click.Group):
        for name, child in command.commands.items():
            yield from _of_commands(child, (*path, name))


def _document(one: Operation) -> dict[str, object]:
    declared = one.trail
    if declared is None:
        return {"through": one.through, "operation": one.name}
    told = {"acts": sorted(act.value for act in declared.acts), "promised": declared.promises}
    because = {"nothing_because": declared.nothing_because} if declared.nothing_because else {}
    return {"through": one.through, "operation": one.name, **told, **because}
