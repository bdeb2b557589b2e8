"""The whole `hub` command, put together from its nouns."""

from __future__ import annotations

from typing import Final

import click

from hub.bootstrap.hardening import forbid_core_dumps
from hub.cli.frame import Root
from hub.cli.nouns import Nouns

#: In the order of the work.
_NOUNS: Final = {
    "init": "hub.cli.init_serve:init",
    "serve": "hub.cli.init_serve:serve",
    "renew": "hub.cli.init_serve:renew",
    "key": "hub.cli.key:key",
    "partner": "hub.cli.partner:partner",
    "material": "hub.cli.material:material",
    "member": "hub.cli.member:member",
    "ca": "hub.cli.ca:ca",
    "officer": "hub.cli.officer:officer",
    "directory": "hub.cli.directory:directory",
    "agreement": "hub.cli.agreement:agreement",
    "policy": "hub.cli.policy:policy",
    "record": "hub.cli.record:record",
    "consent": "hub.cli.consent:consent",
    "attachment": "hub.cli.attachment:attachment",
    "queue": "hub.cli.queue:queue",
    "parcel": "hub.cli.parcel:parcel",
    "reconcile": "hub.cli.reconcile:reconcile",
    "ledger": "hub.cli.ledger:ledger",
    "courier": "hub.cli.courier:courier",
    "adapter": "hub.cli.adapter:adapter",
    "log": "hub.cli.log:log",
    "witness": "hub.cli.witness:witness",
    "evidence": "hub.cli.evidence:evidence",
}


@click.group(
    cls=Root,
    commands=Nouns(_NOUNS),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="hub", message="hub %(version)s")
def cli() -> None:
    """Exchange signed and sealed records between agencies, and prove what happened to each of them."""


def main() -> None:
    """Run the `hub` command; the entry point of the package."""
    forbid_core_dumps()
    cli.main()
