"""The key store: each key apart, nothing readable without the unlock secret, all of it or nothing."""

from __future__ import annotations

import json
import os
import ssl
import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from hub.envelope.documents import sign_document, verify_document
from hub.envelope.suites import Suite
from hub.errors import HubError, OurFault, Refused
from hub.ports import Keyring
from keys.file_store import create_store
from keys.keyring import FileKeyring, renew_leaf
from keys.purposes import Purpose
from tests.keys.stores import NOW, UNLOCK, copied, opened


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A copy of the one store, to alter."""
    return copied(tmp_path)


def invalid(directory: Path, *, agency: str = "kz-knb", unlock: bytes = UNLOCK) -> str:
    with pytest.raises(OurFault) as raised:
        FileKeyring.open(directory, agency=agency, unlock=unlock)
    assert raised.value.code == "key-store-invalid"
    return raised.value.sentence


def sealed(directory: Path, purpose: Purpose) -> Path:
    return next(directory.glob(f"{purpose.value}-01*.sealed"))


def test_a_store_opens_to_the_same_keys_each_time(store: Path) -> None:
    one, other = opened(store), opened(store)
    assert one.public().as_jwks() == other.public().as_jwks()
    assert one.master_key() == other.master_key()
    assert len(one.master_key().current) == 32
    assert one.signing().es256_kid == other.signing().es256_kid


def test_it_is_a_keyring(store: Path) -> None:
    keyring: Keyring = opened(store)
    assert keyring.agency == "kz-knb"
    document = sign_document({"a": 1}, typ="test", keys=keyring.signing(), suite=Suite.HYBRID_1)
    allowed = frozenset({Suite.HYBRID_1})
    assert verify_document(document, typ="test", keys=keyring.public(), allowed=allowed) == {"a": 1}
    held = keyring.decryption()
    assert (*held.p256, *held.xwing) == (keyring.public().encrypt_p256, keyring.public().encrypt_xwing)


def test_no_key_serves_two_purposes(store: Path) -> None:
    keyring = opened(store)
    points = {
        key.public_key().public_numbers().x
        for key in (
            keyring.signing().es256,
            next(iter(keyring.decryption().p256.values())),
            keyring.token_key(),
            keyring.authority().key,
        )
    }
    leaf = x509.load_pem_x509_certificate(keyring.tls_files().certificate.read_bytes()).public_key()
    assert isinstance(leaf, ec.EllipticCurvePublicKey)
    assert len(points | {leaf.public_numbers().x}) == 5


def test_two_stores_share_nothing(tmp_path: Path) -> None:
    for name in ("one", "other"):
        create_store(tmp_path / name, agency="kz-knb", host_names=["x"], unlock=UNLOCK, at=NOW)
    one, other = opened(tmp_path / "one"), opened(tmp_path / "other")
    assert one.master_key() != other.master_key()
    assert one.tls_files().password != other.tls_files().password


def test_another_unlock_secret_does_not_open_it(store: Path) -> None:
    assert "unlock secret" in invalid(store, unlock=b"x" * 32)


def test_a_short_unlock_secret_is_refused(store: Path, tmp_path: Path) -> None:
    assert "16 bytes" in invalid(store, unlock=b"short")
    with pytest.raises(OurFault, match="16 bytes"):
        create_store(tmp_path / "new", agency="kz-knb", host_names=["x"], unlock=b"short", at=NOW)
    assert not (tmp_path / "new").exists()


def test_another_agencys_store_is_refused(store: Path) -> None:
    assert "kz-mvd" in invalid(store, agency="kz-mvd")


def test_a_missing_store_is_refused(tmp_path: Path) -> None:
    invalid(tmp_path / "none")


@pytest.mark.parametrize("purpose", [one for one in Purpose if one is not Purpose.TLS_AUTHORITY])
def test_an_altered_key_does_not_open(store: Path, purpose: Purpose) -> None:
    path = sealed(store, purpose)
    altered = bytearray(path.read_bytes())
    altered[-1] ^= 1
    path.write_bytes(altered)
    assert path.name in invalid(store)


def test_keys_of_one_purpose_cannot_stand_for_another(store: Path) -> None:
    swapped = sealed(store, Purpose.TOKEN_ES256).read_bytes()
    path = sealed(store, Purpose.SIGN_ES256)
    path.write_bytes(swapped)
    assert path.name in invalid(store)


def test_an_altered_authority_key_issues_nothing(store: Path) -> None:
    keyring = opened(store)
    path = sealed(store, Purpose.TLS_AUTHORITY)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(OurFault, match="key-store-invalid"):
        keyring.authority()


@pytest.mark.parametrize(
    "change",
    [
        {"format": "hub-keys/3"},
        {"keys": []},
        {"keys": [{"id": "x"}]},
        {"keys": None},
        {"argon2id": {"salt": "AAAA", "memory_kib": 19456, "passes": 2}},
        {"argon2id": {"salt": "A" * 24, "memory_kib": 10**9, "passes": 2}},
        {"argon2id": {"salt": "A" * 24, "memory_kib": 19456, "passes": 10**9}},
        {"argon2id": {"salt": "A" * 24, "memory_kib": "19456", "passes": 2}},
        {"argon2id": None},
    ],
)
def test_a_store_file_with_other_contents_is_refused(store: Path, change: dict[str, object]) -> None:
    path = store / "store.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    invalid(store)


def test_only_the_owner_may_look_into_it(store: Path) -> None:
    assert stat.S_IMODE(store.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in store.iterdir()} == {0o600}
    sealed(store, Purpose.MASTER).chmod(0o640)
    assert "chmod" in invalid(store)


def test_no_key_lies_in_the_clear(store: Path) -> None:
    keyring = opened(store)
    on_disk = b"".join(path.read_bytes() for path in store.iterdir())
    assert keyring.master_key().current not in on_disk
    assert keyring.signing().mldsa65.private_bytes_raw() not in on_disk
    assert b"BEGIN PRIVATE KEY" not in on_disk
    assert b"BEGIN ENCRYPTED PRIVATE KEY" in on_disk
    assert UNLOCK not in on_disk


def test_nothing_secret_is_printed(store: Path) -> None:
    keyring = opened(store)
    for shown in (repr(keyring), repr(keyring.tls_files()), repr(keyring.authority()), repr(keyring.sealer)):
        assert "key=" not in shown
        assert keyring.tls_files().password.decode() not in shown


def test_an_existing_store_is_never_written_over(store: Path) -> None:
    before = opened(store).master_key()
    with pytest.raises(Refused, match="home-exists"):
        create_store(store, agency="kz-knb", host_names=["x"], unlock=UNLOCK, at=NOW)
    assert opened(store).master_key() == before


@pytest.mark.parametrize(
    ("agency", "host"), [("KZ", "hub.knb.kz"), ("kz-knb", "not a host"), ("kz-knb", "қнб.kz")]
)
def test_impossible_names_leave_nothing_behind(tmp_path: Path, agency: str, host: str) -> None:
    with pytest.raises(Refused, match="request-invalid"):
        create_store(tmp_path / "keys", agency=agency, host_names=[host], unlock=UNLOCK, at=NOW)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: Iterator[int] = iter(range(100))
    genuine = os.fsync

    def fails_late(handle: int) -> None:
        if next(calls) == 9:
            raise OSError(28, "No space left on device")
        genuine(handle)

    monkeypatch.setattr(os, "fsync", fails_late)
    with pytest.raises(OSError, match="No space"):
        create_store(tmp_path / "keys", agency="kz-knb", host_names=["x"], unlock=UNLOCK, at=NOW)
    assert list(tmp_path.iterdir()) == []


def test_the_leaf_can_be_loaded_for_tls_with_its_password_only(store: Path) -> None:
    files = opened(store).tls_files()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, password=files.password)
    with pytest.raises(ssl.SSLError):
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(files.certificate, password=b"wrong")


def test_the_leaf_names_the_hosts_and_the_agency(store: Path) -> None:
    leaf = x509.load_pem_x509_certificate(opened(store).tls_files().certificate.read_bytes())
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["hub.knb.kz"]
    assert [str(one) for one in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == ["urn:hub:agency:kz-knb"]
    usages = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert {one._name for one in usages} == {"serverAuth", "clientAuth"}


def test_a_renewed_leaf_has_a_new_key_under_the_same_authority(store: Path) -> None:
    before = opened(store)
    old = x509.load_pem_x509_certificate(before.tls_files().certificate.read_bytes())
    later = NOW + timedelta(days=300)
    renew_leaf(before, host_names=["new.knb.kz"], at=later)
    after = opened(store)
    new = x509.load_pem_x509_certificate(after.tls_files().certificate.read_bytes())
    new.verify_directly_issued_by(before.authority().certificate)
    assert new.not_valid_after_utc > old.not_valid_after_utc
    assert new.public_key() != old.public_key()
    assert after.public().as_jwks() == before.public().as_jwks()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(after.tls_files().certificate, password=after.tls_files().password)


def test_the_token_key_signs(store: Path) -> None:
    key = opened(store).token_key()
    signature = key.sign(b"x", ec.ECDSA(hashes.SHA256()))
    key.public_key().verify(signature, b"x", ec.ECDSA(hashes.SHA256()))
    with pytest.raises(InvalidSignature):
        key.public_key().verify(signature, b"y", ec.ECDSA(hashes.SHA256()))


def test_failures_here_say_nothing_of_keys(store: Path) -> None:
    with pytest.raises(HubError) as raised:
        FileKeyring.open(store, agency="kz-knb", unlock=b"a secret that is wrong here")
    assert "a secret that is wrong" not in str(raised.value)
