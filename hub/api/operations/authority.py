"""What our certificate authority revoked: CRLs and OCSP, for anyone, signed."""

from __future__ import annotations

from typing import Final

from flask import Response, request

from hub.api.callers import Door
from hub.api.parsing import whole
from hub.api.room import Call, Room
from hub.audit.trail import writes_nothing

room = Room("authority", __name__, description="What our certificate authority revoked, signed by it.")

CRL: Final = "application/pkix-crl"
OCSP_REQUEST: Final = "application/ocsp-request"
OCSP_RESPONSE: Final = "application/ocsp-response"
_PUBLIC: Final = writes_nothing("serial numbers of certificates, which are public")


@room.operation(
    "GET",
    "/ca/crl",
    door=Door.ANYONE,
    trail=_PUBLIC,
    streams=[200],
    media=CRL,
    refusals=["not-found"],
)
def get_crl(call: Call) -> Response:
    """Fetch the CRL of our present authority (RFC 5280 §5), in DER."""
    return Response(call.desk.context.crl(""), content_type=CRL, headers={"Cache-Control": "no-cache"})


@room.operation(
    "GET",
    "/ca/crl/<authority:name>",
    door=Door.ANYONE,
    trail=_PUBLIC,
    streams=[200],
    media=CRL,
    refusals=["not-found"],
)
def get_crl_of(call: Call, name: str) -> Response:
    """Fetch the CRL of one of our authorities, by the first 16 digits of the SHA-256 of its key."""
    return Response(call.desk.context.crl(name), content_type=CRL, headers={"Cache-Control": "no-cache"})


@room.operation(
    "POST",
    "/ca/ocsp",
    door=Door.ANYONE,
    raw=OCSP_REQUEST,
    trail=_PUBLIC,
    streams=[200],
    media=OCSP_RESPONSE,
)
def ask_ocsp(call: Call) -> Response:
    """Ask whether a certificate of ours was revoked (RFC 6960); the answer is signed by its authority."""
    answer = call.desk.context.ocsp(whole(request))
    return Response(answer, content_type=OCSP_RESPONSE, headers={"Cache-Control": "no-store"})
