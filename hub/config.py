"""One frozen Config, parsed once from `hub.toml`: unknown keys refused, every limit named, with its unit."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, Final, get_type_hints

from hub.errors import OurFault
from hub.limits import Limits

_TABLES: Final = frozenset({"home", "limits", "token", "algorithms"})
_MAY_BE_0: Final = frozenset({"reconcile_hour", "metrics_port", "witness_quorum"})


@dataclass(frozen=True, kw_only=True)
class TokenConfig:
    """A PKCS #11 token: the module that reaches it, its label, and for which purposes it makes new keys.

    With `unlock` it also holds the secret that opens the key files, so that nothing opens without it.
    `pin_file` is where its PIN lies, `token-pin` in the home unless it says otherwise.
    """

    module: str
    label: str
    purposes: tuple[str, ...] = ()
    unlock: bool = False
    pin_file: str = ""


@dataclass(frozen=True, kw_only=True)
class Config:
    """What one hub is told. `database` is an SQLAlchemy URL; `url` is how partners call this hub.

    `home` holds everything the hub keeps in files: keys, embedded database, attachments.
    `pull` says that nobody can call this hub, so that it polls its partners' mailboxes.
    `reconcile_hour` is the hour of the day, in UTC, from which on the books are compared with partners.
    `workers` above 1 needs PostgreSQL: SQLite has one writing process.
    `witnesses` are partners that cosign our log, `witness_quorum` how many of them are needed.
    `token` is where some keys lie instead of in files, and `algorithms` says by which algorithm the keys of a
    purpose are made. `tsa_url` is a time stamping authority (RFC 3161), `tsa_roots` a PEM file of roots that
    it is believed under, beside hub.toml unless it is an absolute path.
    `card_succession` says what a partner's next card does that its pinned keys have signed: it takes the
    place of the pinned one (`automatic`), or waits until a custodian approves it (`confirm`).
    `unsafe_member_enrolment_alone` lets whoever is at the console admit members without a second custodian.
    With `release_signed` nobody releases without a signing key of their own. What is secret or above takes
    `release_secret_officers` beside its author.
    """

    home: Path
    agency: str
    name: str = ""
    host: str = "127.0.0.1"
    port: int = 8443
    url: str = ""
    pull: bool = False
    metrics_port: int = 0
    database: str = ""
    workers: int = 1
    threads: int = 16
    reconcile_hour: int = 1
    witnesses: tuple[str, ...] = ()
    witness_quorum: int = 0
    tsa_url: str = ""
    tsa_roots: str = ""
    revocation_url: str = ""
    unsafe_proxy_socket: str = ""
    unsafe_member_enrolment_alone: bool = False
    token: TokenConfig | None = None
    algorithms: Mapping[str, str] = field(default_factory=dict)
    card_succession: str = "automatic"
    release_signed: bool = False
    release_secret_officers: int = 1
    limits: Limits = field(default_factory=Limits)

    @property
    def keys_dir(self) -> Path:
        """Where the key store is."""
        return self.home / "keys"

    @property
    def blobs_dir(self) -> Path:
        """Where attachment ciphertext is."""
        return self.home / "attachments"

    @property
    def tsa_roots_file(self) -> Path:
        """Where the roots of the time stamping authority are."""
        return self.home / self.tsa_roots

    @property
    def partners_dir(self) -> Path:
        """Where adapters keep what must last, a folder for each partner without a hub."""
        return self.home / "partners"

    @property
    def log_dir(self) -> Path:
        """Where the audit log is published as static files."""
        return self.home / "log"

    @property
    def directory_dir(self) -> Path:
        """Where the directory of agencies is kept."""
        return self.home / "directory"

    @property
    def authority_dir(self) -> Path:
        """Where our CRLs are written for web servers to hand out."""
        return self.home / "ca"

    @property
    def proxy_socket(self) -> Path | None:
        """Where a proxy hands connections over, if one does."""
        return self.home / self.unsafe_proxy_socket if self.unsafe_proxy_socket else None

    @property
    def revocation_base(self) -> str:
        """Return under which address our CRL and OCSP answers are; empty where nobody can fetch them."""
        return self.revocation_url or ("" if self.pull else self.public_url)

    @property
    def database_url(self) -> str:
        """Return the configured database, or the embedded one in the home."""
        return self.database or f"sqlite:///{self.home / 'hub.sqlite3'}"

    @property
    def public_url(self) -> str:
        """Return how partners reach us: as told, or the listening address."""
        return self.url or f"https://{self.host}:{self.port}"


def load_config(home: Path) -> Config:
    """Read `hub.toml` in a home. Raises OurFault `config-invalid` that names the key and what it takes."""
    path = home / "hub.toml"
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise OurFault(
            "config-invalid", f"There is no {path}; `hub init --home {home} --agency ID` makes one."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise OurFault("config-invalid", f"{path} is not TOML: {error}.") from None
    limits = _table(told, "limits", "names and numbers")
    token = _table(told, "token", "a token's module, label and purposes")
    algorithms = _table(told, "algorithms", "purposes of keys and names of algorithms")
    if not all(isinstance(one, str) for one in algorithms.values()):
        raise OurFault("config-invalid", '[algorithms] has texts, like sign-es256 = "p-256".')
    if "home" in told:
        raise OurFault("config-invalid", "`home` is where hub.toml lies and is not set in it.")
    values = _checked(Config, told, where="")
    config = Config(
        home=home,
        **values,
        token=TokenConfig(**_checked(TokenConfig, token, where="token.")) if token else None,
        algorithms=algorithms,
        limits=Limits(**_checked(Limits, limits, where="limits.")),
    )
    _check_witnesses(config)
    return config


def _table(told: dict[str, Any], name: str, what: str) -> dict[str, Any]:
    table = told.pop(name, {})
    if not isinstance(table, dict):
        raise OurFault("config-invalid", f"[{name}] is a table of {what}.")
    return table


def _check_witnesses(config: Config) -> None:
    """Refuse a quorum that could never be met, and a time stamping authority that nothing is believed of."""
    if len({config.agency, *config.witnesses}) != len(config.witnesses) + 1:
        raise OurFault("config-invalid", "hub.toml: witnesses names other agencies, each of them once.")
    if config.witness_quorum > len(config.witnesses):
        raise OurFault(
            "config-invalid",
            f"hub.toml: witness_quorum is {config.witness_quorum}, but witnesses names "
            f"{len(config.witnesses)}; it could never be met.",
        )
    if bool(config.tsa_url) != bool(config.tsa_roots):
        raise OurFault("config-invalid", "hub.toml: tsa_url and tsa_roots go together.")
    if config.revocation_url and not config.revocation_url.startswith(("http://", "https://")):
        raise OurFault("config-invalid", "hub.toml: revocation_url begins with http:// or https://.")
    if config.tsa_url and not config.tsa_url.startswith(("http://", "https://")):
        raise OurFault("config-invalid", "hub.toml: tsa_url begins with http:// or https://.")


def _checked(kind: type, told: Mapping[str, Any], *, where: str) -> dict[str, Any]:
    """Return the told values with their types checked; refuse unknown and missing keys."""
    hints = get_type_hints(kind)
    known = {f.name: f for f in fields(kind) if f.name not in _TABLES}
    tables = "" if where else " and the tables [limits], [token] and [algorithms]"
    unknown = sorted(set(told) - set(known))
    if unknown:
        raise OurFault(
            "config-invalid",
            f"hub.toml: unknown key {where}{unknown[0]}; "
            f"known: {', '.join(where + k for k in sorted(known))}{tables}.",
        )
    missing = [
        name
        for name, f in known.items()
        if f.default is MISSING and f.default_factory is MISSING and name not in told
    ]
    if missing:
        raise OurFault("config-invalid", f"hub.toml: {where}{missing[0]} is missing.")
    return {name: _typed(where + name, hints[name], value) for name, value in told.items()}


def _typed(name: str, kind: type, value: Any) -> Any:
    """Return a value of the declared type; numbers must be positive (0 only where it means none)."""
    if kind == tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise OurFault("config-invalid", f'hub.toml: {name} takes a list of texts, like ["cis-atc"].')
        return tuple(value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise OurFault(
            "config-invalid", f"hub.toml: {name} takes {_called(kind)}, not {_called(type(value))}."
        )
    least = 0 if name in _MAY_BE_0 else 1e-9
    if kind in (int, float) and float(str(value)) < least:
        raise OurFault("config-invalid", f"hub.toml: {name} must be above 0, it is {value}.")
    if name == "reconcile_hour" and int(str(value)) > 23:
        raise OurFault("config-invalid", f"hub.toml: {name} is an hour from 0 to 23, it is {value}.")
    return value


def _called(kind: type) -> str:
    """Return what a type is called in a configuration."""
    names = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}
    return names.get(kind, "a table or a list")
