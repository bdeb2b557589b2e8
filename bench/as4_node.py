# mypy: ignore-errors
"""One gateway made of the PyPI package `as4`, run in an environment of its own; nothing of the hub is here.

It uses the peer's own code for messages, signatures, encryption and receipts. What the package leaves to its
application is here: HTTPS, and telling a repeat from a new message. It serves what it is sent, says on which
port, and then does what it is told on standard input, one JSON object a line, each answered by one.
"""

import base64
import gzip
import http.client
import json
import ssl
import sys
import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from as4 import (
    AS4BaseCredentials,
    AS4ExternalParty,
    AS4InternalCredentials,
    AS4InternalParty,
    AS4LocalPrivateKey,
    AS4PartyIdentity,
    AS4ReceivingExchange,
    AS4References,
    AS4SendingExchange,
    ReceiptVerificationError,
    SecurityPolicy,
    pinned_certificates,
)
from as4.core.message import AS4Message
from as4.models.ebms.message_info import MessageId, MessageInfo, Timestamp
from as4.models.ebms.user_message import (
    Action,
    CollaborationInfo,
    ConversationId,
    PartInfo,
    PartProperties,
    PartyInfo,
    PayloadInfo,
    Property,
    Service,
    UserMessage,
)
from as4.peppol import PeppolAS4MessageBuilderArgs, PeppolAS4Profile
from as4.profiles.peppol.message import PeppolAS4Message
from as4.utils.cipher_handler import CipherHandler
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import load_pem_private_key

HOME, US, THEM, KIND, SERVICE, ACTION = Path(sys.argv[1]), *sys.argv[2:]


class Message(PeppolAS4Message):
    """A message of eDelivery's profile: what Peppol adds, an XML envelope around the payload, is left out."""

    @classmethod
    def process(cls, fields, parse_context, soap_envelope_element, mime_attachments):
        return AS4Message.process.__func__(
            cls, fields, parse_context, soap_envelope_element, mime_attachments
        )

    @classmethod
    def get_user_message(cls, local_party, remote_party, builder_args, references):
        told = [Property(name="MimeType", value="application/octet-stream")]
        told.append(Property(name="CompressionType", value="application/gzip"))
        cids = references.attachment_id_encrypted_data_id_map
        return UserMessage(
            message_info=MessageInfo(
                timestamp=Timestamp(value=datetime.now(UTC)),
                message_id=MessageId(value=references.message_id),
            ),
            party_info=PartyInfo(
                party_to=remote_party.identity.to_party_to(), party_from=local_party.identity.to_party_from()
            ),
            collaboration_info=CollaborationInfo(
                service=Service(value=SERVICE),
                action=Action(value=ACTION),
                conversation_id=ConversationId(value=references.conversation_id),
            ),
            payload_info=PayloadInfo(
                part_info=[
                    PartInfo(part_properties=PartProperties(properties=told), href=f"cid:{one}")
                    for one in cids
                ]
            ),
        )

    @classmethod
    def build_message(cls, payload, *, local_party, remote_party, builder_args, references):
        packed = gzip.compress(payload)
        key, sealed = CipherHandler.encrypt_payload(packed)
        oaep = padding.OAEP(mgf=padding.MGF1(algorithm=hashes.SHA256()), algorithm=hashes.SHA256(), label=b"")
        wrapped = remote_party.credentials.rsa_public_key.encrypt(key, oaep)
        cid, _ = references.encrypted_data_attachment_mapping()
        envelope = cls.get_soap_envelope(
            local_party, remote_party, builder_args, references, wrapped, compressed_payloads={cid: packed}
        )
        return cls(
            soap_envelope=envelope,
            message_id=references.message_id,
            messaging_id=references.messaging_id,
            mime_attachments={cid: sealed},
            decrypted_data={cid: payload},
        )


class Profile(PeppolAS4Profile):
    """eDelivery's profile, as far as the package has it."""

    @classmethod
    def get_profile_name(cls):
        return "edelivery"

    @classmethod
    def message_class(cls):
        return Message

    @classmethod
    def build_message(cls, payload, *, local_party, remote_party, builder_args, references=None):
        return Message.build_message(
            payload,
            local_party=local_party,
            remote_party=remote_party,
            builder_args=builder_args,
            references=references,
        )


OURS = x509.load_pem_x509_certificate((HOME / "ours.crt").read_bytes())
THEIRS = x509.load_pem_x509_certificate((HOME / "theirs.crt").read_bytes())
KEY = AS4LocalPrivateKey(load_pem_private_key((HOME / "ours.key").read_bytes(), None))
LOCAL = AS4InternalParty(
    identity=AS4PartyIdentity(party_id=US, party_type=KIND),
    credentials=AS4InternalCredentials(certificate=OURS, private_key=KEY),
)
REMOTE = AS4ExternalParty(
    identity=AS4PartyIdentity(party_id=THEM, party_type=KIND),
    credentials=AS4BaseCredentials(certificate=THEIRS),
)
POLICY = SecurityPolicy(signer_resolver=pinned_certificates(THEIRS))
ARGS = PeppolAS4MessageBuilderArgs.model_construct(sender=US, recipient=THEM)
RECEIVED, ANSWERS, KEPT = [], {}, {}


def receive(headers, body):
    """Receive a message with the package, and answer a repeat as the first one was answered."""
    came = AS4ReceivingExchange(profile=Profile, local_party=LOCAL).receive(
        headers, body, security_policy=POLICY
    )
    RECEIVED.append(
        {
            "id": came.message_id,
            "taken": came.successful,
            "payloads": [base64.b64encode(one).decode() for one in came.message.decrypted_data.values()],
            "error": None if came.successful else str(came.message.parse_error),
        }
    )
    signal = came.build_signal()
    if came.successful:
        return ANSWERS.setdefault(came.message_id, signal)
    return signal


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers, signal = receive({"Content-Type": self.headers["Content-Type"]}, body)
        self.send_response(200)
        self.send_header("Content-Type", headers["Content-Type"])
        self.send_header("Content-Length", str(len(signal)))
        self.end_headers()
        self.wfile.write(signal)

    def do_GET(self):
        self.send_response(405)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        """Say nothing."""


def tls(purpose):
    context = ssl.create_default_context(purpose, cafile=HOME / "authority.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(HOME / "tls.pem")
    return context


def exchange_of(name):
    references = AS4References(**({} if name is None else {"message_id": name}))
    references.encrypted_data_attachment_mapping()
    return AS4SendingExchange(profile=Profile, local_party=LOCAL, remote_party=REMOTE, identifiers=references)


def send(told):
    """Build a message with the package, push it, and check what answers it with the package."""
    exchange = exchange_of(told.get("id"))
    headers, body = exchange.build(base64.b64decode(told["payload"]), ARGS)
    KEPT.update(exchange=exchange, headers=headers, body=body, url=told["url"])
    return post()


def post():
    url = urlsplit(KEPT["url"])
    line = http.client.HTTPSConnection(
        url.hostname, url.port, context=tls(ssl.Purpose.SERVER_AUTH), timeout=30
    )
    exchange = KEPT["exchange"]
    try:
        line.request("POST", url.path, body=KEPT["body"], headers=KEPT["headers"])
        answer = line.getresponse()
        raw = answer.read()
    except OSError as error:
        return {"status": 0, "unproven": str(error), "id": exchange.message_id}
    finally:
        line.close()
    found = {"status": answer.status, "signal": base64.b64encode(raw).decode(), "id": exchange.message_id}
    if not raw:
        return found
    try:
        exchange.receive_signal(raw)
    except ReceiptVerificationError as error:
        return found | {"unproven": str(error)}
    detail = exchange.error.error_detail.value if exchange.error else None
    code = exchange.error.error_code if exchange.error else None
    return found | {"taken": exchange.successful, "error": code, "detail": detail}


def pack(told):
    payload, took = base64.b64decode(told["payload"]), time.process_time()
    for _ in range(told["times"]):
        exchange_of(None).build(payload, ARGS)
    return {"cpu_s": time.process_time() - took}


def unpack(told):
    """Open messages that the hub packed, and write their receipts."""
    headers, body = {"Content-Type": told["type"]}, base64.b64decode(told["body"])
    took = time.process_time()
    for _ in range(told["times"]):
        came = AS4ReceivingExchange(profile=Profile, local_party=LOCAL)
        came = came.receive(headers, body, security_policy=POLICY)
        came.build_signal()
    return {"cpu_s": time.process_time() - took, "taken": came.successful}


def serve():
    """Serve, and return on which port; without a certificate for TLS nothing is served."""
    if not (HOME / "tls.pem").exists():
        return 0
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = tls(ssl.Purpose.CLIENT_AUTH).wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


def main():
    print(json.dumps({"port": serve()}), flush=True)
    does = {
        "send": send,
        "again": lambda _: post(),
        "received": lambda _: {"messages": RECEIVED},
        "pack": pack,
        "unpack": unpack,
    }
    for line in sys.stdin:
        told = json.loads(line)
        print(json.dumps(does[told["do"]](told)), flush=True)


main()
