"""The frame all commands hang in: examples in the help, `--json` everywhere, failures told one way."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

import click

from hub.audit.trail import Trail
from hub.cli.answer import Answer, say
from hub.cli.failure import from_click, interrupted, report, unanswered, unexpected
from hub.cli.home import gather_secrets
from hub.codes import CODES
from hub.errors import HubError

#: Stands for an id in examples.
SOME_ID: Final = "0192f0c1-7a2b-7c3d-8e4f-5a6b7c8d9e0f"
#: Stands for a digest or a fingerprint in examples.
SOME_DIGEST: Final = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


class Leaf(click.Command):
    """A command that returns an Answer. Its examples close the help; it always takes `--json`."""

    trail: Trail | None = None

    def __init__(self, *args: Any, examples: Sequence[str], **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.examples = tuple(examples)
        self.params.append(
            click.Option(["--json", "as_json"], is_flag=True, help="Answer with one JSON document.")
        )

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples as they are typed, unwrapped."""
        with formatter.section("Examples" if len(self.examples) > 1 else "Example"):
            for example in self.examples:
                formatter.write(f"{'':>{formatter.current_indent}}{example}\n")

    def invoke(self, ctx: click.Context) -> int:
        """Run the command, say its answer or its failure, and return the exit code."""
        machine = ctx.meta["machine"] = bool(ctx.params.pop("as_json"))
        try:
            gather_secrets(ctx.params)
            answer = super().invoke(ctx)
            if isinstance(answer, Answer):
                say(replace(answer, then=[_at_home(ctx, hint) for hint in answer.then]), machine=machine)
                return answer.exit
        except (click.ClickException, click.Abort, click.exceptions.Exit, BrokenPipeError):
            raise
        except HubError as failure:
            return report(failure, machine=machine)
        except Exception as error:  # noqa: BLE001 - the last line: logged in full, told in one sentence
            return report(unexpected(error, ctx.params.get("home")), machine=machine)
        return 0


def _at_home(ctx: click.Context, hint: str) -> str:
    """Return a command to come next with the --home and --unlock that this one was given by hand.

    One that is typed elsewhere, as its aside `(at …)` tells, has a home of its own.
    """
    said, gap, aside = hint.partition("   ")
    if aside.lstrip().startswith("(at "):
        return hint
    command: click.Command | None = ctx.find_root().command
    for word in hint.split()[1:3]:
        if isinstance(command, click.Group):
            command = command.get_command(ctx, word)
    known = {one.name for one in command.params} if command is not None else set()
    given = "".join(
        f" --{name} {shlex.quote(str(_given(ctx.params[name])))}"
        for name in ("home", "unlock")
        if name in known
        and f"--{name}" not in hint
        and ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
    )
    return f"{said.rstrip()}{given}{gap}{aside}"


def _given(value: object) -> object:
    """Return what was given by hand: of the secrets, the file that the unlock secret lies in."""
    unlock = getattr(value, "unlock", None)
    return value if unlock is None else unlock.file


def trail(declared: Trail) -> Callable[[click.Command], Leaf]:
    """Declare what a command writes into the log; a test fails for one that does not."""

    def declare(command: click.Command) -> Leaf:
        if not isinstance(command, Leaf):
            raise TypeError(f"{command.name} is no command that does something")
        command.trail = declared
        return command

    return declare


def leaf(name: str | None = None, *, examples: Sequence[str]) -> Callable[[Callable[..., Any]], Leaf]:
    """Turn a function into a command that a noun takes in later."""
    return click.command(name, cls=Leaf, examples=examples)


class Noun(click.Group):
    """A group of commands about one thing."""

    command_class = Leaf

    def __init__(self, *args: Any, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.no_args_is_help = True

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write one example: the first of the first command that has one."""
        examples = [
            command.examples[0]
            for name in self.list_commands(ctx)
            if isinstance(command := self.get_command(ctx, name), Leaf)
        ]
        if examples:
            with formatter.section("Example"):
                formatter.write(f"{'':>{formatter.current_indent}}{examples[0]}\n")

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what each command is for, in whole sentences."""
        commands = [(name, command.get_short_help_str(limit=400)) for name, command in self.commands.items()]
        with formatter.section("Commands"):
            formatter.write_dl(commands)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order in which they were written: the order of the work."""
        return list(self.commands)


class Root(Noun):
    """The whole of `hub`: every way to leave it has an exit code from hub.codes."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run a command line and leave with its exit code."""
        told = args[0] if args else extra.get("args")
        machine = "--json" in (sys.argv[1:] if told is None else told)
        extra["prog_name"] = "hub"
        extra["standalone_mode"] = False
        sys.exit(self._run(args, extra, machine=machine))

    def _run(self, args: tuple[Any, ...], extra: dict[str, Any], *, machine: bool) -> int:
        try:
            return int(super().main(*args, **extra) or 0)
        except click.exceptions.NoArgsIsHelpError as error:
            click.echo(error.format_message(), err=True)
            return CODES["command-invalid"].exit
        except click.ClickException as error:
            return report(from_click(error), machine=machine)
        except (click.Abort, KeyboardInterrupt) as stopped:
            # What click raises at the end of the input tells of it in its context alone.
            nobody = isinstance(stopped.__context__, EOFError) and not sys.stdin.isatty()
            return report(unanswered() if nobody else interrupted(), machine=machine)
