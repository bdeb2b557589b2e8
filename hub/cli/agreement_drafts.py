"""`hub agreement drafts`: texts to begin with, which lawyers check and custodians put in force."""

from __future__ import annotations

from importlib import resources

import click

from hub.audit.trail import writes_nothing
from hub.cli.answer import Answer, table
from hub.cli.frame import leaf, trail
from hub.errors import Refused
from hub.policy.agreements import load_agreement
from hub.policy.description import described


@trail(writes_nothing("texts that come with the program"))
@leaf(examples=("hub agreement drafts", "hub agreement drafts cis-1999 > cis-1999.toml"))
@click.argument("name", metavar="[NAME]", required=False, help="One draft, to write its text out.")
def drafts(name: str | None) -> Answer:
    """List the drafts that come with the program, or write one out; what is not certain stands in it.

    A draft is never put in force as it is: check every clause, then take out `draft = true`.
    """
    texts = _texts()
    if name is None:
        found = [load_agreement(text) for text in texts.values()]
        cells = [(one.id, one.title, len(one.sources), len(one.uncertain)) for one in found]
        return Answer(
            document={"drafts": [described(one) for one in found]},
            people=(
                table(("draft", "title", "sources", "uncertain"), cells, numbers=("sources", "uncertain")),
            ),
            then=tuple(f"hub agreement drafts {one.id} > {one.id}.toml" for one in found[:1]),
        )
    if name not in texts:
        raise Refused("not-found", f"There is no draft {name}; there are {', '.join(texts)}.")
    return Answer(document={"name": name, "source": texts[name]}, people=(texts[name].rstrip(),))


def _texts() -> dict[str, str]:
    """Return each draft's text by its name."""
    files = (one for one in resources.files("hub.policy.drafts").iterdir() if one.name.endswith(".toml"))
    return {
        one.name.removesuffix(".toml"): one.read_text("utf-8") for one in sorted(files, key=lambda f: f.name)
    }
