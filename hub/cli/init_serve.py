"""`hub init`, `hub serve` and `hub renew`: make a hub, run it, and keep its certificate valid."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from hub.audit.events import Act
from hub.audit.trail import writes
from hub.cli.answer import Answer, as_json, facts, instant, rendered
from hub.cli.custody import custody_options, told_custody, what_opens
from hub.cli.frame import leaf, trail
from hub.cli.home import config_of, home_option, unlock_option
from hub.config import Config
from hub.errors import OurFault

if TYPE_CHECKING:
    from hub.bootstrap.secrets import Unlock


@trail(writes(Act.KEY_CHANGED))
@leaf(
    examples=(
        "hub init --home /var/lib/hub --agency kz-knb",
        "hub init --home /var/lib/hub --agency kz-knb --host 0.0.0.0 --url https://hub.knb.example",
        "hub init --home /var/lib/hub --agency kz-knb --database postgresql:///hub",
        "hub init --home /var/lib/hub --agency kz-knb --passphrase",
        "hub init --home /var/lib/hub --agency kz-knb --token-module FILE --token-label hub --pin-fd 3",
    )
)
@home_option
@click.option("--agency", required=True, metavar="ID", help="Who operates it, like kz-knb.")
@click.option("--name", default="", metavar="TEXT", help="What people call the agency.")
@click.option(
    "--host", metavar="ADDRESS", default="127.0.0.1", show_default=True, help="The address to listen on."
)
@click.option(
    "--port",
    metavar="N",
    default=8443,
    show_default=True,
    type=click.IntRange(1, 65535),
    help="And the port.",
)
@click.option("--url", default="", metavar="URL", help="How partners call it, when that is not the address.")
@click.option("--pull", is_flag=True, help="Nobody can call it: it polls its partners' mailboxes.")
@click.option("--host-name", "host_names", multiple=True, metavar="NAME", help="A name in its certificate.")
@click.option("--database", default="", metavar="URL", help="PostgreSQL instead of the embedded database.")
@click.option(
    "--metrics-port",
    metavar="N",
    default=0,
    type=click.IntRange(0, 65535),
    help="Serve metrics to this machine there.",
)
@custody_options
def init(
    home: Path,
    agency: str,
    name: str,
    host: str,
    port: int,
    url: str,
    pull: bool,
    host_names: tuple[str, ...],
    database: str,
    metrics_port: int,
    **custody: Any,
) -> Answer:
    """Make a hub: its folder, keys, certificate authority, configuration and database.

    The name of --url goes into the certificate by itself; name others with --host-name. The keys are opened
    by a random secret in a file of the home, by a passphrase, or by a token, which can also hold some of
    them.
    """
    from hub.bootstrap.making import init_hub

    called = urlsplit(url).hostname
    config = init_hub(
        home,
        agency=agency,
        name=name,
        host=host,
        port=port,
        url=url,
        pull=pull,
        database=database,
        metrics_port=metrics_port,
        host_names=[*host_names, *([called] if called else [])],
        **told_custody(**custody),
    )
    where = f" --home {home}"
    return Answer(
        document=_document(config),
        people=(
            f"{agency} has a hub in {home}.",
            facts(_facts(config)),
            what_opens(config, passphrase=bool(custody["passphrase"] or custody["unlock_fd"] is not None)),
        ),
        then=(
            f"hub officer add NAME --role drafter{where}",
            f"hub agreement adopt FILE{where}",
            f"hub partner card --out {agency}.card{where}",
            f"hub serve{where}",
        ),
    )


@trail(writes(Act.STARTED, Act.STOPPED))
@leaf(examples=("hub serve --home /var/lib/hub", "hub serve --home /var/lib/hub --log /var/log/hub.jsonl"))
@home_option
@unlock_option
@click.option(
    "--log",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Append the log there, a JSON object a line, and not to standard error.",
)
@click.pass_context
def serve(context: click.Context, home: Path, unlock: Unlock, log: Path | None) -> None:
    """Run a hub until it is stopped: web, dispatch and audit in one command."""
    from hub.bootstrap.serving import serve_hub

    config = config_of(home)
    _refuse_unless_free(config)
    if context.meta["machine"]:
        click.echo(as_json(_document(config)))
    else:
        click.echo(f"The hub of {config.name or config.agency} is starting; Ctrl-C stops it.")
        click.echo(rendered(facts(_facts(config))))
    if log is not None:
        _log_to(log)
    serve_hub(home, unlock=unlock)


@trail(writes(Act.KEY_CHANGED))
@leaf(
    examples=(
        "hub renew --home /var/lib/hub",
        "hub renew --home /var/lib/hub --host-name hub.knb.example --host-name 192.0.2.7",
    )
)
@home_option
@unlock_option
@click.option(
    "--host-name", "host_names", multiple=True, metavar="NAME", help="These names, not the old ones."
)
def renew(home: Path, unlock: Unlock, host_names: tuple[str, ...]) -> Answer:
    """Give a hub a new TLS certificate: before its year is over, or when its names change.

    Partners have nothing to do: they have pinned the authority that signs it. A running hub takes it up
    by itself.
    """
    from hub.bootstrap.making import renew_tls

    until = renew_tls(home, unlock=unlock, host_names=host_names).not_valid_after_utc
    return Answer(
        document={"valid_until": instant(until)},
        people=(f"The new certificate is valid until {until:%Y-%m-%d}.",),
    )


def _document(config: Config) -> dict[str, object]:
    return {
        "agency": config.agency,
        "name": config.name,
        "url": None if config.pull else config.public_url,
        "listens": f"{config.host}:{config.port}",
        "metrics_port": config.metrics_port or None,
        "home": str(config.home),
        "database": without_password(config.database_url),
        "docs": f"https://{config.host}:{config.port}/docs",
        "pid": os.getpid(),
    }


def _facts(config: Config) -> dict[str, object]:
    told = _document(config)
    return {
        "agency": told["agency"],
        "address": told["url"] or "none: it polls its partners' mailboxes",
        "listens at": told["listens"],
        "home": told["home"],
        "database": told["database"],
        "API pages": told["docs"],
        "to pair": f"hub partner card --home {config.home}, then hub partner add CARD at each other",
    }


def without_password(url: str) -> str:
    """Return a database URL that may be shown."""
    parts = urlsplit(url)
    if parts.password is None:
        return url
    return url.replace(f":{parts.password}@", ":…@", 1)


def _refuse_unless_free(config: Config) -> None:
    """Raise OurFault `listen-failed` when the address is taken, or is not one of this machine."""
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    try:
        socket.create_server((config.host, config.port), family=family).close()
    except OSError as error:
        raise OurFault(
            "listen-failed", f"{config.host}:{config.port} cannot be listened on: {error.strerror}."
        ) from None


def _log_to(path: Path) -> None:
    """Send standard error, and with it every log, to the end of a private file."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        if stat.S_ISREG(os.fstat(handle).st_mode):
            os.fchmod(handle, 0o600)  # also one that was there, and that others could read
    except OSError as error:
        raise OurFault("config-invalid", f"The log {path} cannot be written: {error.strerror}.") from None
    os.dup2(handle, 2)
    os.close(handle)
