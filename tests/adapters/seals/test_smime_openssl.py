"""`openssl cms` opens and verifies what we seal, and we what it seals; its weaker ways are refused."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from hub.errors import HubError
from tests.adapters.seals.parties import Party, ec_key, party, rsa_key
from tests.docs.blocks import block
from tests.servers.openssl import openssl

pytestmark = pytest.mark.slow
SIDES = {
    "ec": (party("kz-knb", ec_key()), party("de-bka", ec_key())),
    "rsa": (party("kz-knb", rsa_key()), party("de-bka", rsa_key())),
}
_WRAPPED = {
    "ec": "-keyopt ecdh_kdf_md:sha256",
    "rsa": "-keyopt rsa_padding_mode:oaep -keyopt rsa_oaep_md:sha256",
}


@pytest.fixture(params=SIDES, ids=list(SIDES))
def sides(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Party, Party]:
    us, them = SIDES[request.param]
    us.write(tmp_path)
    them.write(tmp_path)
    return request.param, us, them


def shell(folder: Path, script: str) -> subprocess.CompletedProcess[bytes]:
    assert openssl()
    return subprocess.run(
        ["sh", "-eu", "-c", script], cwd=folder, capture_output=True, check=False, timeout=60
    )


def test_openssl_opens_and_verifies_what_we_seal(tmp_path: Path, sides: tuple[str, Party, Party]) -> None:
    _, us, them = sides
    (tmp_path / "letter.p7m").write_bytes(us.to(them).seal(b"a document"))
    done = shell(tmp_path, block("carriers.md", "cms open"))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "letter").read_bytes() == b"a document"


def test_openssl_does_not_take_our_signature_for_another_sides(
    tmp_path: Path, sides: tuple[str, Party, Party]
) -> None:
    _, us, them = sides
    other = party("kz-knb", ec_key())
    (tmp_path / "letter.p7m").write_bytes(us.to(them).seal(b"a document"))
    other.write(tmp_path)
    assert shell(tmp_path, block("carriers.md", "cms open")).returncode != 0


def test_we_open_and_verify_what_openssl_seals(tmp_path: Path, sides: tuple[str, Party, Party]) -> None:
    kind, us, them = sides
    (tmp_path / "letter").write_bytes(b"an answer\n")
    done = shell(tmp_path, block("carriers.md", "cms seal").replace("$KEYOPT", _WRAPPED[kind]))
    assert done.returncode == 0, done.stderr
    sealed = (tmp_path / "letter.p7m").read_bytes()
    assert us.to(them, bound=False).open(sealed).document == b"an answer\n"
    with pytest.raises(HubError) as failure:
        us.to(them).open(sealed)
    assert failure.value.code == "recipient-mismatch"


@pytest.mark.parametrize(
    ("encrypting", "signing"),
    [
        ("-aes-256-cbc", "-md sha256"),  # no authentication
        ("-aes-256-gcm", "-md sha1"),
    ],
)
def test_what_is_too_weak_is_refused(
    tmp_path: Path, sides: tuple[str, Party, Party], encrypting: str, signing: str
) -> None:
    kind, us, them = sides
    (tmp_path / "letter").write_bytes(b"an answer\n")
    script = block("carriers.md", "cms seal").replace("$KEYOPT", _WRAPPED[kind])
    script = script.replace("-aes-256-gcm", encrypting).replace("-md sha256", signing)
    done = shell(tmp_path, script)
    assert done.returncode == 0, done.stderr
    with pytest.raises(HubError) as failure:
        us.to(them, bound=False).open((tmp_path / "letter.p7m").read_bytes())
    assert failure.value.code == ("decryption-failed" if "cbc" in encrypting else "signature-invalid")


def test_what_openssl_wraps_by_default_is_refused(tmp_path: Path, sides: tuple[str, Party, Party]) -> None:
    """RSA PKCS#1 v1.5, and a KDF over SHA-1."""
    _, us, them = sides
    (tmp_path / "letter").write_bytes(b"an answer\n")
    done = shell(tmp_path, block("carriers.md", "cms seal").replace("$KEYOPT", ""))
    assert done.returncode == 0, done.stderr
    with pytest.raises(HubError) as failure:
        us.to(them, bound=False).open((tmp_path / "letter.p7m").read_bytes())
    assert failure.value.code == "decryption-failed"
