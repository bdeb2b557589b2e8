"""Set such partners up as people would: servers, materials taken in, profiles pinned, agreements adopted."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding

from demo.cast import US, Place
from demo.hubless.cast import HUBLESS, TREATIES, Hubless
from demo.hubless.ends import End, called, collecting, make_end, state_of, straight
from demo.hubless.gateway import Gateway
from demo.hubless.papers import Drawer, Paper, as_pem, for_as4, for_mail, for_tls
from demo.hubless.servers import Servers
from hub.bootstrap.opening import Hub, open_hub
from hub.exchange.agreements import adopt
from hub.exchange.hubless.pinning import pin_profile, profile_digest, put_material
from hub.records.actor import Actor, ActorKind, Role

_WHO: Final = Actor(kind=ActorKind.HUB, id="local:demo", agency=US, roles=frozenset({Role.CUSTODIAN}))
_SEAL: Final = {"our_certificate": "smime", "their_certificates": "theirs"}
_COLOUR: Final = "amber"


@dataclass(frozen=True, kw_only=True)
class _Laid:
    """What one partner and we have: options of both carriers, and what both sides hold by name."""

    ours: Mapping[str, Any]
    theirs: Mapping[str, Any]
    our_materials: Mapping[tuple[str, str], bytes]
    drawer: Drawer


def set_up(place: Place, folder: Path, servers: Servers) -> Sequence[End]:
    """Pin all partners at our hub, which runs, have the servers listen, and return the partners' ends."""
    with open_hub(place.home) as hub:
        ends = [_set_up(hub, place, partner, folder, servers) for partner in HUBLESS]
    servers.listen()
    return ends


def _set_up(hub: Hub, place: Place, partner: Hubless, folder: Path, servers: Servers) -> End:
    ours, theirs = for_mail(US), for_mail(partner.agency)
    if partner.carrier == "taxii-server":
        laid, client = _taxii(hub, partner, folder)
        reach = collecting(place, client, laid.drawer, colour=_COLOUR)
    elif partner.carrier == "as4":
        laid, gateway = _as4(hub, place, partner, folder, servers)
        reach = called(gateway, laid.theirs, laid.drawer)
    else:
        laid = {"mail": _mail, "sftp": _sftp, "folder": _folder}[partner.carrier](
            partner, ours, theirs, folder, servers
        )
        reach = straight(partner.carrier, laid.theirs, laid.drawer)
    sealing = {
        ("smime", "key"): ours.key_pem,
        ("smime", "certificates"): ours.certificates_pem,
        ("theirs", "certificates"): theirs.certificates_pem,
    }
    materials = {**(sealing if partner.seal else {}), **laid.our_materials}
    for (name, sort), content in materials.items():
        put_material(hub.broker, _WHO, partner.agency, name, sort, content)
    source = _profile(partner, laid.ours)
    pin_profile(hub.broker, _WHO, partner.agency, source, confirmed_digest=profile_digest(source))
    adopt(hub.broker, _WHO, (TREATIES / f"{partner.agreement}.toml").read_text(encoding="utf-8"))
    return make_end(partner, laid.drawer, seal=_SEAL if partner.seal else None, reach=reach)


def _profile(partner: Hubless, carrier: Mapping[str, Any]) -> str:
    lines = [partner.head]
    if partner.seal:
        lines += ["[seal]", 'name = "smime"', *_options(_SEAL)]
    lines += ["[carrier]", f'name = "{partner.carrier}"', *_options(carrier)]
    return "\n".join(lines) + "\n"


def _options(told: Mapping[str, Any]) -> list[str]:
    return [f"{name} = {json.dumps(value)}" for name, value in told.items()]


def _drawer(
    partner: Hubless,
    folder: Path,
    *,
    keys: Mapping[str, Any],
    chains: Mapping[str, Sequence[x509.Certificate]],
) -> Drawer:
    return Drawer(
        us=partner.agency, them=US, state=state_of(folder, partner.agency), keys=keys, chains=chains
    )


def _sealed(ours: Paper, theirs: Paper) -> dict[str, Sequence[x509.Certificate]]:
    """Return the certificates that the partner's seal uses."""
    return {"smime": [theirs.certificate], "theirs": [ours.certificate]}


def _folder(partner: Hubless, ours: Paper, theirs: Paper, folder: Path, servers: Servers) -> _Laid:
    options = {"path": str(folder / "shared" / partner.agency)}
    drawer = _drawer(partner, folder, keys={"smime": theirs.key}, chains=_sealed(ours, theirs))
    return _Laid(ours=options, theirs=options, our_materials={}, drawer=drawer)


def _sftp(partner: Hubless, ours: Paper, theirs: Paper, folder: Path, servers: Servers) -> _Laid:
    our_key, their_key = ed25519.Ed25519PrivateKey.generate(), ed25519.Ed25519PrivateKey.generate()
    for key in (our_key, their_key):
        servers.account(key)
    options = {
        "host": "127.0.0.1",
        "port": servers.sftp_port,
        "path": partner.agency,
        "host_keys": [servers.host_key.export_public_key().decode().strip()],
        "timeout_s": 20,
    }
    keys = {"sftp": their_key, "smime": theirs.key}
    return _Laid(
        ours=options,
        theirs=options,
        our_materials={("sftp", "key"): as_pem(our_key)},
        drawer=_drawer(partner, folder, keys=keys, chains=_sealed(ours, theirs)),
    )


def _mail(partner: Hubless, ours: Paper, theirs: Paper, folder: Path, servers: Servers) -> _Laid:
    addresses = f"to-{partner.agency}@{US}.example", f"hub@{partner.agency}.example"
    post = {
        "smtp_host": "localhost",
        "smtp_port": servers.smtp_port,
        "timeout_s": 20,
        **_SEAL,
    }
    here, there = (
        {"our_address": one, "their_address": other, "maildir": str(servers.maildir(one)), **post}
        for one, other in (addresses, addresses[::-1])
    )
    authority = servers.tls.authority
    return _Laid(
        ours=here,
        theirs=there,
        our_materials={("mail", "certificates"): servers.tls.certificates_pem},
        drawer=_drawer(
            partner,
            folder,
            keys={"smime": theirs.key},
            chains={**_sealed(ours, theirs), "mail": [authority]},
        ),
    )


def _as4(hub: Hub, place: Place, partner: Hubless, folder: Path, servers: Servers) -> tuple[_Laid, Gateway]:
    """Lay a gateway at the partner: each side calls the other, and signs with an RSA key of its own."""
    ours, theirs = for_as4(US), for_as4(partner.agency)
    calls, called_by, serves = for_tls(US), for_tls(partner.agency), for_tls("localhost")
    gateway = servers.gateway(partner.agency, serves, [calls.authority])
    materials = {
        ("as4", "key"): ours.key_pem,
        ("as4", "certificates"): ours.certificates_pem,
        (partner.agency, "certificates"): theirs.certificates_pem,
        ("as4-tls", "key"): calls.key_pem,
        ("as4-tls", "certificates"): calls.certificates_pem,
        ("as4-authority", "certificates"): serves.authority.public_bytes(Encoding.PEM),
        ("as4-client", "certificates"): called_by.certificates_pem,
    }
    authority = x509.load_pem_x509_certificates(hub.keyring.tls_files().authority_pem.encode("ascii"))
    drawer = _drawer(
        partner,
        folder,
        keys={"as4": theirs.key, "as4-tls": called_by.key},
        chains={
            "as4": [theirs.certificate],
            US: [ours.certificate],
            "as4-tls": [called_by.certificate, called_by.authority],
            "as4-authority": authority,
            "as4-client": [calls.certificate, calls.authority],
        },
    )
    laid = _Laid(
        ours={"address": gateway.url, "ask_again_s": 1},
        theirs={"address": f"{place.url}/as4", "ask_again_s": 1},
        our_materials=materials,
        drawer=drawer,
    )
    return laid, gateway


def _taxii(hub: Hub, partner: Hubless, folder: Path) -> tuple[_Laid, Paper]:
    client = for_tls(partner.agency)
    authority = x509.load_pem_x509_certificates(hub.keyring.tls_files().authority_pem.encode("ascii"))
    drawer = _drawer(
        partner,
        folder,
        keys={"taxii": client.key},
        chains={"taxii": [client.certificate, client.authority], "taxii-authority": authority},
    )
    materials = {("taxii-client", "certificates"): client.certificates_pem}
    return _Laid(ours={}, theirs={}, our_materials=materials, drawer=drawer), client
