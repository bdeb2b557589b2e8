"""nginx in front of a hub, as deploy/nginx/ sets it up: the hub decides still who is let in."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from hub.exchange.certificates.issuing import revoke_certificate
from hub.federation.answers import read_crl
from hub.federation.authorities import authority_id, load_authority
from hub.records.actor import Actor, ActorKind
from keys.authority import make_authority
from tests.certificates.faults import names
from tests.certificates.world import PEER, US, World, ask, certificate_world, eventually
from tests.exchange.hubs import CUSTODIAN
from tests.servers.nginx import Nginx, nginx
from tests.transport.foreign import Issuer

pytestmark = pytest.mark.slow


@dataclass
class Front:
    """The hub's world, and nginx in front of it."""

    world: World
    nginx: Nginx

    def ask(self, context: ssl.SSLContext, headers: dict[str, str] | None = None) -> tuple[int, str]:
        return ask(self.world.connect(context, self.nginx.port), headers)


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    folder = tmp_path_factory.mktemp("front")
    with ExitStack() as stack:
        world = stack.enter_context(certificate_world(folder))
        world.publish()
        tls = folder / "tls"
        tls.mkdir()
        itself = Actor(kind=ActorKind.HUB, id=US, agency=US)
        certificate, key = world.ours.authority.issue_proxy(itself, ["localhost"])
        (tls / "certificate.pem").write_text(certificate)
        (tls / "key.pem").write_text(key)
        (folder / "nginx").mkdir()
        lists = world.ours.config.authority_dir
        there = stack.enter_context(nginx(folder / "nginx", socket=world.socket, tls=tls, lists=lists))
        eventually(lambda: ask(world.connect(world.own()))[0] == 200, within_s=60)
        yield Front(world, there)


def escaped(world: World) -> str:
    """Return the partner's right certificate, which is no secret, as nginx would hand it over."""
    text = world.theirs.keyring.tls_files().certificate.read_text()
    return quote(text[: text.index("-----END CERTIFICATE-----")] + "-----END CERTIFICATE-----\n", safe="")


def test_the_right_certificate_passes(front: Front) -> None:
    assert front.ask(front.world.own())[0] == 200


def test_no_certificate_is_refused(front: Front) -> None:
    assert front.ask(front.world.context(None)) == (401, "certificate-missing")


@pytest.mark.parametrize("name", ["X-Client-Cert", "x-client-cert", "X_Client_Cert"])
def test_a_forged_header_is_overwritten(front: Front, name: str) -> None:
    forged = {name: escaped(front.world)}
    assert front.ask(front.world.context(None), forged) == (401, "certificate-missing")


def test_the_header_is_not_believed_on_the_hubs_own_door(front: Front) -> None:
    world = front.world
    forged = {"X-Client-Cert": escaped(world), "X-Client-Address": "192.0.2.1"}
    assert ask(world.connect(world.context(None)), forged) == (401, "certificate-missing")


def test_a_certificate_of_another_authority_is_refused_by_the_hub(front: Front) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    other = Issuer(make_authority(PEER, at=datetime.now(UTC), key=key).certificate, key)
    shows = other.shown(names(PEER))
    assert front.ask(front.world.context(shows)) == (403, "certificate-unknown")


def test_the_socket_is_for_its_owner_and_group_alone(front: Front) -> None:
    assert front.world.socket.stat().st_mode & 0o777 == 0o660


def test_an_upload_streams_through(front: Front) -> None:
    # The hub refuses it by its headers while nginx has most of it still to send: nothing was gathered before.
    connection = front.world.connect(front.world.own(), front.nginx.port)
    connection.putrequest("PUT", "/exchange/v1/attachments/" + "0" * 64)
    connection.putheader("Content-Length", str(10 * 1024**3))
    connection.putheader("Content-Type", "application/octet-stream")
    connection.endheaders()
    connection.send(b"x" * 65536)
    answer = connection.getresponse()
    assert answer.status in {400, 404, 409, 413, 422, 428}
    connection.close()
    assert "client request body is buffered" not in front.nginx.log.read_text()


def test_the_list_and_ocsp_are_served_over_plain_http(front: Front) -> None:
    world = front.world
    pem = world.ours.keyring.tls_files().authority_pem
    connection = http.client.HTTPConnection("127.0.0.1", front.nginx.plain_port, timeout=20)
    connection.request("GET", f"/ca/crl/{authority_id(pem)[:16]}")
    answer = connection.getresponse()
    assert answer.status == 200
    read_crl(answer.read(), load_authority(pem), at=world.ours.broker.clock.now())
    connection.request("GET", "/exchange/v1/mailbox")
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 404
    connection.close()


def test_what_is_revoked_is_refused_behind_nginx_too(front: Front) -> None:
    world = front.world
    with world.theirs.store.read() as view:
        leaf = view.certificates.page(before=None, limit=5)[0]
    revoke_certificate(world.theirs.broker, CUSTODIAN, leaf.serial, reason="keyCompromise")
    world.publish()
    eventually(lambda: front.ask(world.own()) == (403, "certificate-revoked"))
