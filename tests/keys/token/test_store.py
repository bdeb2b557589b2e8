"""A key store of which some keys lie in a token: made, opened without it, used with it, destroyed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from hub.envelope.documents import sign_document, verify_document
from hub.envelope.keys import point, thumbprint
from hub.envelope.suites import Suite
from hub.errors import OurFault, Refused
from keys.changes import KeyChanges
from keys.file_store import create_store
from keys.inventory import Where, read_inventory, write_inventory
from keys.keyring import FileKeyring
from keys.policy import KeyPolicy
from keys.purposes import Purpose
from keys.token.private_key import TokenKey
from keys.token.session import Token
from keys.token.store import TokenKeys
from tests.keys.token.conftest import Seconds
from tests.servers.softhsm import SoftHsm

#: A real token: not for the quick gate.
pytestmark = pytest.mark.slow

NOW = datetime.now(UTC)
UNLOCK = b"0123456789abcdef0123456789abcdef"
IN_TOKEN = (Purpose.SIGN_ES256, Purpose.DECRYPT_P256, Purpose.TOKEN_ES256, Purpose.TLS_AUTHORITY)
POLICY = KeyPolicy(places=dict.fromkeys(IN_TOKEN, Where.TOKEN))


def create(directory: Path, token: Token) -> None:
    create_store(
        directory,
        agency="kz-knb",
        host_names=["hub.knb.kz"],
        unlock=UNLOCK,
        at=NOW,
        token=partial(TokenKeys, token),
        policy=POLICY,
    )


def opened(directory: Path, token: Token | None) -> FileKeyring:
    return FileKeyring.open(
        directory,
        agency="kz-knb",
        unlock=UNLOCK,
        token=None if token is None else partial(TokenKeys, token),
        policy=POLICY,
    )


def held_in(token: Token) -> int:
    return token.use(lambda opening: len(list(opening.session.get_objects())))


def test_a_store_with_a_token_signs_opens_and_certifies(token: Token, tmp_path: Path) -> None:
    create(tmp_path / "keys", token)
    keyring = opened(tmp_path / "keys", token)
    assert {e.purpose for e in keyring.inventory().entries if e.where is Where.TOKEN} == set(IN_TOKEN)
    raw = sign_document({"a": 1}, typ="test", keys=keyring.signing(), suite=Suite.HYBRID_1)
    assert verify_document(raw, typ="test", keys=keyring.public(), allowed=frozenset({Suite.HYBRID_1}))
    (key,) = keyring.decryption().p256.values()
    ours = ec.generate_private_key(ec.SECP256R1())
    assert key.exchange(ec.ECDH(), ours.public_key()) == ours.exchange(ec.ECDH(), key.public_key())
    authority = keyring.authority()
    leaf = x509.load_pem_x509_certificate(keyring.tls_files().certificate.read_bytes())
    leaf.verify_directly_issued_by(authority.certificate)
    assert isinstance(authority.key, TokenKey)
    assert held_in(token) == 2 * len(IN_TOKEN)


def test_it_opens_while_its_token_is_away(
    token: Token, hsm: SoftHsm, seconds: Seconds, tmp_path: Path
) -> None:
    create(tmp_path / "keys", token)
    hsm.take_away()
    keyring = opened(tmp_path / "keys", token)
    assert keyring.public().as_jwks()
    with pytest.raises(OurFault, match="token-unavailable"):
        sign_document({"a": 1}, typ="test", keys=keyring.signing(), suite=Suite.CLASSIC_1)
    hsm.put_back()
    seconds.now += 1.0
    assert sign_document({"a": 1}, typ="test", keys=keyring.signing(), suite=Suite.CLASSIC_1)


def test_without_its_token_configured_it_says_so(token: Token, tmp_path: Path) -> None:
    create(tmp_path / "keys", token)
    with pytest.raises(OurFault, match=r"\[token\] in hub.toml") as raised:
        opened(tmp_path / "keys", None)
    assert raised.value.code == "key-store-invalid"


def test_a_store_that_is_not_finished_leaves_nothing_in_the_token(token: Token, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="host name"):
        create_store(
            tmp_path / "keys",
            agency="kz-knb",
            host_names=["no host"],
            unlock=UNLOCK,
            at=NOW,
            token=partial(TokenKeys, token),
            policy=POLICY,
        )
    assert not list(tmp_path.glob("*keys*"))
    assert held_in(token) == 0


def test_a_key_that_is_destroyed_is_gone_from_the_token(token: Token, tmp_path: Path) -> None:
    create(tmp_path / "keys", token)
    keyring = opened(tmp_path / "keys", token)
    store = keyring.store_for(Purpose.SIGN_ES256)
    made = store.make(Purpose.SIGN_ES256, at=NOW)
    assert (made.where, held_in(token)) == (Where.TOKEN, 2 * len(IN_TOKEN) + 2)
    assert (tmp_path / "keys" / made.file_name).exists()
    store.destroy(made)
    store.destroy(made)
    assert held_in(token) == 2 * len(IN_TOKEN)
    assert not (tmp_path / "keys" / made.file_name).exists()
    assert keyring.store_for(Purpose.MASTER) is keyring.stores[Where.FILE]


def test_a_token_makes_no_key_that_it_cannot_guard(token: Token, tmp_path: Path) -> None:
    create(tmp_path / "keys", token)
    with pytest.raises(Refused, match="key-not-allowed"):
        opened(tmp_path / "keys", token).stores[Where.TOKEN].make(Purpose.MASTER, at=NOW)


@pytest.mark.parametrize("purpose", [Purpose.SIGN_ES256, Purpose.DECRYPT_P256])
def test_who_writes_store_json_alone_puts_no_key_onto_our_card(
    token: Token, tmp_path: Path, purpose: Purpose
) -> None:
    directory = tmp_path / "keys"
    create(directory, token)
    honest = opened(directory, token).public().as_jwks()
    inventory = read_inventory(directory, agency="kz-knb")
    entry = inventory.current(purpose)
    theirs = ec.generate_private_key(ec.SECP256R1()).public_key()
    swapped = replace(entry, public=point(theirs), kid=thumbprint(theirs))
    write_inventory(directory, inventory.put(swapped))
    assert opened(directory, token).public().as_jwks() == honest


def test_an_altered_public_half_does_not_open(token: Token, tmp_path: Path) -> None:
    create(tmp_path / "keys", token)
    path = next((tmp_path / "keys").glob("sign-es256-*.sealed"))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(OurFault, match=path.name):
        opened(tmp_path / "keys", token)


def test_a_private_keys_file_is_no_public_half(token: Token, tmp_path: Path) -> None:
    directory = tmp_path / "keys"
    create(directory, token)
    keyring = opened(directory, token)
    entry = keyring.inventory().current(Purpose.SIGN_ES256)
    sealed = keyring.sealer.seal(entry.purpose.value, entry.file_name, b"x" * 64)
    (directory / entry.file_name).write_bytes(sealed)
    with pytest.raises(OurFault, match="does not open"):
        opened(directory, token)


def test_a_key_that_takes_over_is_made_in_the_token_and_the_one_before_is_destroyed_there(
    token: Token, tmp_path: Path
) -> None:
    create(tmp_path / "keys", token)
    keyring = opened(tmp_path / "keys", token)
    custody = KeyChanges(keyring)
    before = keyring.inventory().current(Purpose.TOKEN_ES256)
    fresh = custody.make_next("token-es256", at=NOW)
    custody.switch("token-es256", at=NOW)
    after = keyring.inventory().current(Purpose.TOKEN_ES256)
    assert (after.key_id, after.where) == (fresh.key_id, Where.TOKEN)
    assert isinstance(keyring.token_key(), TokenKey)
    custody.retire(before.key_id, at=NOW)
    assert held_in(token) == 2 * len(IN_TOKEN)
