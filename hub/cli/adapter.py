"""`hub adapter`: partners' formats and carriers, and whether they keep the contract."""

from __future__ import annotations

from pathlib import Path

import click

from hub.audit.trail import writes_nothing
from hub.bootstrap.adapting import adapter_files, adapter_names, check_adapter, make_adapter
from hub.cli.adapter_documents import interpret, letter, translate
from hub.cli.adapter_intake import intake
from hub.cli.answer import Answer, facts, table
from hub.cli.files import write_bytes
from hub.cli.frame import Noun, trail
from hub.errors import Refused
from hub.records.problems import Problem


@click.group(cls=Noun)
def adapter() -> None:
    """Speak a partner's format: which adapters there are, and whether each keeps the contract."""


@trail(writes_nothing("what is installed"))
@adapter.command("list", examples=("hub adapter list",))
def list_adapters() -> Answer:
    """List the adapters, what each speaks, and how many kinds of record it carries."""
    rows = []
    for name, source in sorted(adapter_names().items()):
        made = make_adapter(name)
        rows.append(
            {
                "adapter": name,
                "from": source,
                "dialect": made.dialect.name,
                "media_type": made.dialect.media_type,
                "kinds": sorted(kind.value for kind in made.dialect.kinds),
            }
        )
    cells = [(row["adapter"], row["dialect"], len(row["kinds"]), row["from"]) for row in rows]
    return Answer(
        document={"adapters": rows},
        people=(table(("adapter", "dialect", "kinds", "from"), cells, numbers=("kinds",)),),
        then=("hub adapter check NAME",),
    )


@trail(writes_nothing("an adapter is tried on invented records"))
@adapter.command(
    "check",
    examples=(
        "hub adapter check bilateral-stix",
        "hub adapter check bilateral --profile kz-de.toml",
        "hub adapter check my_adapter:make --examples 1000",
    ),
)
@click.argument("name", metavar="NAME", help="An adapter's name, or module:function while it is written.")
@click.option(
    "--profile",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Check it as this profile makes it, instead of its own.",
)
@click.option(
    "--examples",
    default=200,
    show_default=True,
    metavar="N",
    type=click.IntRange(10, 100_000),
    help="How many records are drawn.",
)
def check(name: str, profile: Path | None, examples: int) -> Answer:
    """Check that an adapter keeps the contract. Needs no hub.

    Records of all kinds that it carries go there and back, its loss report is compared with what is really
    lost, hostile documents must be refused, and where it has a seal or a carrier, these are tried too.
    """
    results = list(check_adapter(make_adapter(name, profile), examples=examples))
    broken = [result for result in results if not result.holds]
    if broken:
        raise Refused(
            "adapter-fails",
            f"{name} fails {len(broken)} of {len(results)} checks.",
            problems=[Problem(path=result.check, sentence=result.sentence) for result in broken],
            then=("docs/writing-an-adapter.md tells what each check asks for",),
        )
    return Answer(
        document={
            "adapter": name,
            "holds": True,
            "checks": [{"check": result.check, "sentence": result.sentence} for result in results],
        },
        people=(
            f"{name} keeps the contract.",
            facts({result.check: result.sentence for result in results}),
        ),
    )


@trail(writes_nothing("files outside any hub"))
@adapter.command("new", examples=("hub adapter new de-bka",))
@click.argument("name", metavar="NAME", help="What it will be called: lowercase words joined by hyphens.")
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Where to; a new folder with the adapter's name without it.",
)
def new(name: str, out: Path | None) -> Answer:
    """Write the files of a new adapter: a package that already passes the check."""
    files = adapter_files(name)
    folder = out or Path(name)
    if folder.exists():
        raise Refused("file-exists", f"{folder} is there already; it is not overwritten.")
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        write_bytes(folder / path, text.encode("utf-8"))
    package = name.replace("-", "_")
    return Answer(
        document={"folder": str(folder), "files": sorted(files), "package": package},
        people=(f"{folder} holds the adapter {name}, which passes the check as it is.",),
        then=(f"hub adapter check {package}:make      (with PYTHONPATH={folder})",),
    )


adapter.add_command(translate)
adapter.add_command(interpret)
adapter.add_command(letter)
adapter.add_command(intake)
