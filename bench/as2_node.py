# mypy: ignore-errors
"""One django-pyas2 partner, run by `bench.peer_as2` in an environment of its own; nothing of the hub is here.

It uses the peer's own code for everything: models, views and sending. `prepare` makes a home with its
database and key; `meet` enters the other one; `receive` serves; `send` sends a file some times, one after
the other, each with a signed synchronous MDN, and prints what it came to as JSON.
"""

import datetime
import json
import os
import sys
import time
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.urls import include, path

HOME, NAME = Path(os.environ["AS2_HOME"]), os.environ["AS2_NAME"]

settings.configure(
    SECRET_KEY=NAME,
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    MEDIA_ROOT=str(HOME / "files"),
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(HOME / "db.sqlite3")}},
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "pyas2"],
    LOGGING_CONFIG=None,
)
application = get_wsgi_application()  # what gunicorn loads; it sets Django up
urlpatterns = [path("pyas2/", include("pyas2.urls"))]


def prepare():
    """Make the database, a key with its certificate, and our organisation."""
    from pyas2.models import Organization, PrivateKey

    call_command("migrate", verbosity=0)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=2))
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(Encoding.PEM)
    (HOME / "certificate.pem").write_bytes(pem)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    stored = PrivateKey.objects.create(name=NAME, key=private + pem, key_pass="")
    Organization.objects.create(name=NAME, as2_name=NAME, encryption_key=stored, signature_key=stored)


def meet(other, certificate, url):
    """Enter the other one as partner: signed, encrypted, a signed MDN in the answer."""
    from pyas2.models import Partner, PublicCertificate

    known = PublicCertificate.objects.create(
        name=other, certificate=Path(certificate).read_bytes(), verify_cert=False
    )
    Partner.objects.create(
        name=other,
        as2_name=other,
        target_url=url,
        content_type="application/octet-stream",
        encryption="aes_256_cbc",
        encryption_cert=known,
        signature="sha256",
        signature_cert=known,
        mdn=True,
        mdn_mode="SYNC",
        mdn_sign="sha256",
    )


def send(other, file, times):
    """Send a file again and again, as the peer's own command does; print the seconds and what arrived."""
    from pyas2.models import Message, Organization, Partner
    from pyas2lib import Message as As2Message

    ours, theirs = Organization.objects.get(as2_name=NAME), Partner.objects.get(as2_name=other)
    payload = Path(file).read_bytes()
    began = time.perf_counter()
    processed = 0
    for number in range(int(times)):
        built = As2Message(sender=ours.as2org, receiver=theirs.as2partner)
        built.build(
            payload,
            filename=f"record-{number}.json",
            subject="record",
            content_type=theirs.content_type,
            disposition_notification_to="no-reply@example.org",
        )
        message, _ = Message.objects.create_from_as2message(
            as2message=built, payload=payload, filename=f"record-{number}.json", direction="OUT", status="P"
        )
        message.send_message(built.headers, built.content)
        processed += message.status == "S"
    print(json.dumps({"seconds": time.perf_counter() - began, "processed": processed}))


if __name__ == "__main__":
    {"prepare": prepare, "meet": meet, "send": send}[sys.argv[1]](*sys.argv[2:])
