"""The reference page of all commands, written from the commands themselves.

`python -m hub.cli.manual > docs/cli.md` renews it; a test fails while the page is stale.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import click

from hub.cli.frame import Leaf, Root

_HEAD: Final = """\
# The `hub` command

*Written from the commands by `python -m hub.cli.manual > docs/cli.md`; do not edit it by hand.*

- Every command takes `--help`, which closes with an example, and `--json`.
- With `--json` there is exactly one JSON document on standard output: the answer, or a problem document
  (RFC 9457) with the code, the sentence and the exit code. Questions to people go to standard error.
- Without it, a failure is one sentence on standard error: `error: <sentence>  [<code>]`.
- `--home DIR` says which hub; `HUB_HOME` says it once for a whole session.
- Officers sign in to every command that reads content or decides: `--as NAME`, then password and code are
  asked for. Scripts hand both over in one descriptor, a line each: `--password-fd 3 3<FILE`.
- Other commands act as the system account at the machine's console; the audit event names it.
"""


#: What scripts can tell from the exit code alone; the numbers are those of sysexits where one fits.
EXITS: Final = {
    0: "it was done; of evidence: it is proven",
    1: "of evidence alone: it is disproven",
    2: "of evidence alone: it is incomplete, nothing in it is false",
    64: "the command line cannot be read",
    65: "what was given is wrong, or does not fit how things stand",
    66: "there is no such thing: record, partner, file or hub",
    69: "the other side cannot be reached now",
    70: "a bug; where it struck is in the log that the sentence names",
    73: "it is there already and is not overwritten",
    75: "not now; the same command can work later",
    76: "the other side does not keep to the protocol",
    77: "the rules, a role or the credentials do not allow it",
    78: "the configuration or the key store cannot be used",
    130: "stopped by hand, or a question was not answered",
}


def leaves(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Leaf]]:
    """Walk every command that does something, with the words that lead to it."""
    if isinstance(command, Leaf):
        yield path, command
    elif isinstance(command, click.Group):
        for name, child in command.commands.items():
            yield from leaves(child, (*path, name))


def page(root: Root) -> str:
    """Return the whole page as Markdown."""
    parts = [_HEAD]
    for path, leaf in leaves(root):
        parts.append(_section(path, leaf))
    parts.append(_exits())
    return "\n".join(parts)


def _section(path: tuple[str, ...], leaf: Leaf) -> str:
    name = " ".join(("hub", *path))
    context = click.Context(leaf, info_name=name)
    lines = [
        f"## `{name}`",
        "",
        _text(leaf),
        "",
        f"    {name} {' '.join(leaf.collect_usage_pieces(context))}",
        "",
    ]
    for parameter in leaf.params:
        record = parameter.get_help_record(context)
        if record is not None:
            lines.append(f"- `{record[0]}`: {' '.join(record[1].split())}")
    lines += ["", "```sh", *leaf.examples, "```", ""]
    return "\n".join(lines)


def _text(leaf: Leaf) -> str:
    paragraphs = (leaf.help or "").replace("\b", "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _exits() -> str:
    lines = ["## Exit codes", "", "| exit | means |", "|---:|---|"]
    lines += [f"| {number} | {means} |" for number, means in EXITS.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    from hub.cli import cli

    click.echo(page(cli), nl=False)
