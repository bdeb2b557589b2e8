"""The names that AS4 is written in: namespaces, algorithms, and the ids of messages.

eDelivery AS4 1.15, the Common Profile: SOAP 1.2 with attachments, WS-Security 1.1.1, RSA with SHA-256,
AES-128-GCM under RSA-OAEP. Nothing else is written and nothing else is read.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from adapters.carriers.names import is_name

SOAP: Final = "http://www.w3.org/2003/05/soap-envelope"
EB: Final = "http://docs.oasis-open.org/ebxml-msg/ebms/v3.0/ns/core/200704/"
EBBP: Final = "http://docs.oasis-open.org/ebxml-bp/ebbp-signals-2.0"
_WSS: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
_WSS11: Final = "http://docs.oasis-open.org/wss/oasis-wss-"
WSSE: Final = f"{_WSS}wssecurity-secext-1.0.xsd"
WSU: Final = f"{_WSS}wssecurity-utility-1.0.xsd"
WSSE11: Final = f"{_WSS11}wssecurity-secext-1.1.xsd"
DS: Final = "http://www.w3.org/2000/09/xmldsig#"
XENC: Final = "http://www.w3.org/2001/04/xmlenc#"
XENC11: Final = "http://www.w3.org/2009/xmlenc11#"
PREFIXES: Final = {
    "env": SOAP,
    "eb": EB,
    "wsse": WSSE,
    "wsu": WSU,
    "wsse11": WSSE11,
    "ds": DS,
    "xenc": XENC,
    "xenc11": XENC11,
    "ebbp": EBBP,
}
WSU_ID: Final = f"{{{WSU}}}Id"

EXC_C14N: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
INCLUSIVE: Final = f"{{{EXC_C14N}}}InclusiveNamespaces"
SHA256: Final = f"{XENC}sha256"
RSA_SHA256: Final = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
RSA_OAEP: Final = f"{XENC11}rsa-oaep"
MGF1_SHA256: Final = f"{XENC11}mgf1sha256"
AES128_GCM: Final = f"{XENC11}aes128-gcm"
ATTACHMENT_CONTENT: Final = f"{_WSS11}SwAProfile-1.1#Attachment-Content-Only"
SIGNED_ATTACHMENT: Final = f"{_WSS11}SwAProfile-1.1#Attachment-Content-Signature-Transform"
SEALED_ATTACHMENT: Final = f"{_WSS11}SwAProfile-1.1#Attachment-Ciphertext-Transform"
BASE64: Final = f"{_WSS}soap-message-security-1.0#Base64Binary"
X509: Final = f"{_WSS}x509-token-profile-1.0#X509v3"
ENCRYPTED_KEY: Final = f"{_WSS11}soap-message-security-1.1#EncryptedKey"

INITIATOR: Final = f"{EB}initiator"
RESPONDER: Final = f"{EB}responder"
UNREGISTERED: Final = "urn:oasis:names:tc:ebcore:partyid-type:unregistered"
GZIP: Final = "application/gzip"
SOAP_TYPE: Final = "application/soap+xml"

#: What ids of parcels begin with whose message's id is none of a hub.
_DIGESTED: Final = "as4-"


def message_id(parcel_id: str, agency: str) -> str:
    """Return the id under which a parcel of an agency goes, each time (ebMS 3 §5.2.2.1)."""
    return f"{parcel_id}@{agency}"


def parcel_of(message: str, agency: str) -> str:
    """Return the id of the parcel in a message of an agency: what its hub put there, or else a digest."""
    parcel_id, _, domain = message.rpartition("@")
    if domain == agency and is_name(parcel_id) and not parcel_id.startswith(_DIGESTED):
        return parcel_id
    return f"{_DIGESTED}{sha256(message.encode()).hexdigest()}"
