"""`hub log coverage`: what every operation of the API and every command writes, and that its code does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import click

from hub.audit.trail import Trail, writes_nothing
from hub.bootstrap.scratch import refuses_changes_without_entries
from hub.cli.answer import Answer, table
from hub.cli.frame import Leaf, leaf, trail
from hub.cli.log_reaching import Place, Program, place_of, program
from hub.errors import OurFault


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One way to use the hub, and what it declares."""

    through: str
    name: str
    trail: Trail | None
    place: Place


@trail(writes_nothing("what operations declare, their code, and a database that is thrown away"))
@leaf(examples=("hub log coverage",))
@click.pass_context
def coverage(context: click.Context) -> Answer:
    """Check that every operation says what it writes into the log and has the code that writes it.

    Needs no hub. The code of this installation is followed from each operation: every act that it declares
    must be written there, and none that declares nothing may open a record's content. In a database that is
    thrown away a change without an entry must be refused. Fails, and names them, where something is wrong.
    What that proves and what not is in docs/log.md.
    """
    found = [*_of_api(), *_of_commands(context.find_root().command)]
    code = program()
    wrong = [why for one in found if (why := _wrong(one, code)) is not None]
    if wrong:
        raise OurFault("coverage-incomplete", f"{len(wrong)} of {len(found)} operations: {' '.join(wrong)}")
    if not refuses_changes_without_entries():
        raise OurFault("coverage-incomplete", "A change was committed although no entry tells of it.")
    return Answer(
        document={"operations": [_document(one) for one in found], "refuses_changes_without_entries": True},
        people=(
            table(("through", "operation", "writes"), [(o.through, o.name, str(o.trail)) for o in found]),
            f"All of {len(found)} operations say what they write, and have the code that writes it.",
            "A change without an entry is refused.",
        ),
    )


def _wrong(one: Operation, code: Program) -> str | None:
    """Return what is wrong with what an operation declares, as a sentence."""
    if one.trail is None:
        return f"{one.name} declares nothing."
    written = code.acts(one.place)
    if absent := sorted(act.value for act in one.trail.acts if act.name not in written):
        return f"{one.name} declares {', '.join(absent)}, and no code that it reaches writes that."
    if not one.trail.acts and not one.trail.opens and code.opens_content(one.place):
        return f"{one.name} can open a record's content, and declares that it writes nothing."
    return None


def _of_api() -> Iterator[Operation]:
    from hub.api.app import DECLARING

    for room in DECLARING:
        for name, declared in room.trails.items():
            place = place_of(room.handlers[name])
            yield Operation(through="API", name=name.rpartition(".")[2], trail=declared, place=place)


def _of_commands(command: click.Command, path: tuple[str, ...] = ("hub",)) -> Iterator[Operation]:
    if isinstance(command, Leaf):
        place = place_of(command.callback)
        yield Operation(through="command", name=" ".join(path), trail=command.trail, place=place)
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
