"""The whole `hub` command, put together from its nouns."""

from __future__ import annotations

import click

from hub.bootstrap.hardening import forbid_core_dumps
from hub.cli.adapter import adapter
from hub.cli.agreement import agreement
from hub.cli.attachment import attachment
from hub.cli.ca import ca
from hub.cli.consent import consent
from hub.cli.courier import courier
from hub.cli.directory import directory
from hub.cli.evidence import evidence
from hub.cli.frame import Root
from hub.cli.init_serve import init, renew, serve
from hub.cli.key import key
from hub.cli.ledger import ledger
from hub.cli.log import log
from hub.cli.material import material
from hub.cli.member import member
from hub.cli.officer import officer
from hub.cli.parcel import parcel
from hub.cli.partner import partner
from hub.cli.policy import policy
from hub.cli.queue import queue
from hub.cli.reconcile import reconcile
from hub.cli.record import record
from hub.cli.witness import witness


@click.group(
    cls=Root,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="hub", message="hub %(version)s")
def cli() -> None:
    """Exchange signed and sealed records between agencies, and prove what happened to each of them."""


_NOUNS = (
    init,
    serve,
    renew,
    key,
    partner,
    material,
    member,
    ca,
    officer,
    directory,
    agreement,
    policy,
    record,
    consent,
    attachment,
    queue,
    parcel,
    reconcile,
    ledger,
    courier,
    adapter,
    log,
    witness,
    evidence,
)

for command in _NOUNS:
    cli.add_command(command)


def main() -> None:
    """Run the `hub` command; the entry point of the package."""
    forbid_core_dumps()
    cli.main()
