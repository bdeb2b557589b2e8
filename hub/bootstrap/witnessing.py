"""Whom we ask for cosignatures and time stamps, as hub.toml says."""

from __future__ import annotations

from dataclasses import replace

from cryptography import x509

from adapters.carriers.witness import HttpsWitnessClient
from hub.config import Config
from hub.errors import OurFault
from hub.exchange.witness.policy import WitnessPolicy
from hub.exchange.witness.stamping import Stamper
from hub.records.ids import is_agency
from hub.transport.client import HttpsClient, Recognise, named
from hub.transport.tls import HasTls
from hub.transport.tsa import HttpTimestampAuthority, authority_name


def witness_policy(config: Config) -> WitnessPolicy:
    """Return which witnesses are asked; raise OurFault `config-invalid` for what is no agency."""
    if wrong := [name for name in config.witnesses if not is_agency(name)]:
        raise OurFault(
            "config-invalid", f"hub.toml: witnesses: {wrong[0]!r} is not an agency id, like kz-knb."
        )
    return WitnessPolicy(witnesses=config.witnesses, needed=config.witness_quorum)


def witness_client(config: Config, keys: HasTls, recognise: Recognise = named) -> HttpsWitnessClient:
    """Return what asks witnesses: over connections of its own, with their own time limit."""
    limits = replace(config.limits, carry_timeout_s=config.limits.witness_timeout_s)
    return HttpsWitnessClient(HttpsClient(keys, limits, recognise=recognise))


def tsa_name(config: Config) -> str | None:
    """Return what the time stamping authority is called, if there is one."""
    return authority_name(config.tsa_url) if config.tsa_url else None


def stamper(config: Config) -> Stamper | None:
    """Return the time stamping authority, if there is one; raise OurFault `config-invalid` for its roots."""
    if not config.tsa_url:
        return None
    path = config.tsa_roots_file
    try:
        roots = x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError):
        raise OurFault(
            "config-invalid", f"hub.toml: tsa_roots: {path} holds no PEM certificates that can be read."
        ) from None
    authority = HttpTimestampAuthority(config.tsa_url, timeout_s=config.limits.witness_timeout_s)
    return Stamper(authority=authority, roots=roots)
