"""What our authority revoked, for anyone who asks."""

from __future__ import annotations

from cryptography.x509 import ocsp

from hub.federation.answers import ocsp_request, read_crl
from hub.federation.authorities import key_pin
from tests.api.world import World, authority


def test_anybody_fetches_the_list_of_what_was_revoked(world: World) -> None:
    ours = authority("kz-knb").certificate
    name = key_pin(ours.public_key())[:16]
    for path in ("/ca/crl", f"/ca/crl/{name}"):
        answer = world.call("GET", path)
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "application/pkix-crl"
        assert len(read_crl(answer.response.data, ours, at=world.hubs.clock.now()).crl) == 0


def test_a_list_of_an_unknown_authority_is_not_found(world: World) -> None:
    for path in ("/ca/crl/0123456789abcdef", "/ca/crl/short"):
        assert world.call("GET", path).status == 404


def test_anybody_asks_about_one_certificate(world: World) -> None:
    question = ocsp_request(5, authority("kz-knb").certificate)
    answer = world.call("POST", "/ca/ocsp", data=question, content_type="application/ocsp-request")
    assert answer.status == 200
    said = ocsp.load_der_ocsp_response(answer.response.data)
    assert said.certificate_status is ocsp.OCSPCertStatus.UNKNOWN


def test_what_is_no_question_is_refused(world: World) -> None:
    answer = world.call("POST", "/ca/ocsp", data=b"noise", content_type="application/ocsp-request")
    assert (answer.status, answer.code) == (422, "request-invalid")
