"""Signing: CMS SignedData with the content inside (RFC 5652 §5), by one signer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from hashlib import sha256
from typing import Final

from asn1crypto import algos, cms, core
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from adapters.profiles import invalid
from adapters.seals.smime.pins import fingerprint, identifier_of

#: A signed attribute of ours: SHA-256 of each certificate that the content is meant for. CMS has none, and
#: without one a recipient can encrypt what it got for somebody else, under the first signer's name.
RECIPIENTS: Final = "2.25.219543071842914517038614370923614478125"
#: RFC 8017 §9.1: the salt is as long as the digest.
_SALT_BYTES: Final = 32


def sign(
    content: bytes,
    *,
    key: PrivateKeyTypes,
    certificate: x509.Certificate,
    recipients: Sequence[x509.Certificate],
    at: datetime,
) -> bytes:
    """Return a ContentInfo with the content, its signature and the signer's certificate, as DER."""
    attributes = cms.CMSAttributes(
        [
            _attribute("content_type", cms.ContentType("data")),
            _attribute("signing_time", cms.Time({"utc_time": core.UTCTime(at)})),
            _attribute("message_digest", core.OctetString(sha256(content).digest())),
            cms.CMSAttribute(
                {"type": RECIPIENTS, "values": [core.OctetString(fingerprint(one)) for one in recipients]}
            ),
        ]
    )
    algorithm, signature = _signature(key, attributes.dump())
    signer = cms.SignerInfo(
        {
            "version": "v1",
            "sid": cms.SignerIdentifier({"issuer_and_serial_number": identifier_of(certificate)}),
            "digest_algorithm": {"algorithm": "sha256"},
            "signed_attrs": attributes,
            "signature_algorithm": algorithm,
            "signature": signature,
        }
    )
    der = certificate.public_bytes(serialization.Encoding.DER)
    signed = cms.SignedData(
        {
            "version": "v1",
            "digest_algorithms": [{"algorithm": "sha256"}],
            "encap_content_info": {"content_type": "data", "content": content},
            "certificates": [asn1_x509.Certificate.load(der)],
            "signer_infos": [signer],
        }
    )
    return bytes(cms.ContentInfo({"content_type": "signed_data", "content": signed}).dump())


def _attribute(name: str, value: core.Asn1Value) -> cms.CMSAttribute:
    return cms.CMSAttribute({"type": name, "values": [value]})


def _signature(key: PrivateKeyTypes, attributes: bytes) -> tuple[algos.SignedDigestAlgorithm, bytes]:
    """Sign the attributes, DER-encoded as a SET OF (RFC 5652 §5.4)."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        made = key.sign(attributes, ec.ECDSA(hashes.SHA256()))
        return algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}), made
    if isinstance(key, rsa.RSAPrivateKey):
        pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=_SALT_BYTES)
        made = key.sign(attributes, pss, hashes.SHA256())
        return algos.SignedDigestAlgorithm.load(_pss_der()), made
    raise invalid("the key that signs is neither RSA nor of an elliptic curve")


@cache
def _pss_der() -> bytes:
    """Return how RSA signs, as DER: always the same, and slower to put together than to sign."""
    digest = {"algorithm": "sha256"}
    parameters = algos.RSASSAPSSParams(
        {
            "hash_algorithm": digest,
            "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": digest},
            "salt_length": _SALT_BYTES,
        }
    )
    return bytes(algos.SignedDigestAlgorithm({"algorithm": "rsassa_pss", "parameters": parameters}).dump())
