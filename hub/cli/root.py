"""The whole `hub` command, put together from its nouns."""

from __future__ import annotations

import click

from hub.cli.frame import Root


@click.group(
    cls=Root,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="hub", message="hub %(version)s")
def cli() -> None:
    """Exchange signed and sealed records between agencies, and prove what happened to each of them."""


def main() -> None:
    """Run the `hub` command; the entry point of the package."""
    cli.main()
