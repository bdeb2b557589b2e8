"""GOST signatures under the seal, made and verified by OpenSSL's engine."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from adapters import registry
from adapters.contract import Seal
from adapters.seals.gost import GostSeal
from hub.errors import HubError, Refused
from tests.adapters.materials import Given
from tests.adapters.seals.parties import Party, ec_key, party
from tests.servers.gost import gost_engine, gost_pair

pytestmark = pytest.mark.slow


@dataclass(frozen=True, kw_only=True)
class Side:
    """One side's ordinary and GOST keys."""

    party: Party
    key: bytes
    certificate: x509.Certificate


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Side]:
    assert gost_engine(), "Debian's package libengine-gost-openssl cannot be installed here"
    folder = tmp_path_factory.mktemp("gost")
    found = {}
    for name in ("kz-knb", "ru-fsb", "xx-other"):
        key, certificate = gost_pair(folder, name)
        found[name] = Side(party=party(name, ec_key()), key=key, certificate=certificate)
    return found


def seal(sides: dict[str, Side], us: str, them: str, folder: Path, *, gost: str | None = None) -> Seal:
    """Return one side's seal; `gost` signs with the GOST key of another."""
    ours, theirs, signs = sides[us], sides[them], sides[gost or us]
    given = Given(
        us=us,
        them=them,
        state=folder,
        keys={"smime": ours.party.key},
        chains={
            "smime": [ours.party.certificate],
            them: [theirs.party.certificate],
            "gost": [signs.certificate],
            f"{them}-gost": [theirs.certificate],
        },
        secrets={"gost-key": signs.key},
    )
    return registry.make_seal("smime-gost", {}, given)


def test_both_signatures_are_made_and_verified(sides: dict[str, Side], tmp_path: Path) -> None:
    document = "Запрос об оказании содействия. ".encode() * 2000
    sealed = seal(sides, "kz-knb", "ru-fsb", tmp_path).seal(document)
    opened = seal(sides, "ru-fsb", "kz-knb", tmp_path).open(sealed)
    assert opened.document == document
    assert opened.signer.startswith("CN=kz-knb ")


def test_openssl_verifies_the_gost_signature_after_the_other(sides: dict[str, Side], tmp_path: Path) -> None:
    sealed = seal(sides, "kz-knb", "ru-fsb", tmp_path).seal(b"a document")
    (tmp_path / "letter.p7m").write_bytes(sealed)
    sides["ru-fsb"].party.write(tmp_path)
    sides["kz-knb"].party.write(tmp_path)
    (tmp_path / "gost.crt").write_bytes(sides["kz-knb"].certificate.public_bytes(Encoding.PEM))
    script = (
        "openssl cms -decrypt -inform DER -in letter.p7m -recip ru-fsb.crt -inkey ru-fsb.key -out one\n"
        "openssl cms -verify -inform DER -in one -CAfile kz-knb.crt -purpose any -binary -out two\n"
        "openssl cms -verify -engine gost -inform DER -in two -CAfile gost.crt -purpose any -binary "
        "-out three\n"
    )
    done = subprocess.run(["sh", "-eu", "-c", script], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "three").read_bytes() == b"a document"


def refusal(seal: Seal, sealed: bytes) -> str:
    with pytest.raises(HubError) as failure:
        seal.open(sealed)
    return failure.value.code


def test_a_gost_signature_of_another_or_of_none_is_refused(sides: dict[str, Side], tmp_path: Path) -> None:
    theirs = seal(sides, "ru-fsb", "kz-knb", tmp_path)
    by_another = seal(sides, "kz-knb", "ru-fsb", tmp_path, gost="xx-other").seal(b"a document")
    assert refusal(theirs, by_another) == "signature-invalid"
    ours, other = sides["kz-knb"].party, sides["ru-fsb"].party
    made = ours.to(other, at=datetime.now(UTC)).seal(b"a document")
    assert refusal(theirs, made) == "signature-missing"


def test_an_altered_document_under_gost_is_refused(sides: dict[str, Side], tmp_path: Path) -> None:
    ours = seal(sides, "kz-knb", "ru-fsb", tmp_path)
    assert isinstance(ours, GostSeal)
    signed = ours._gost.sign(b"a document")
    altered = ours._around.seal(signed.replace(b"a document", b"b document"))
    assert refusal(seal(sides, "ru-fsb", "kz-knb", tmp_path), altered) == "signature-invalid"


def test_no_seal_takes_our_own_certificate_for_the_partners(sides: dict[str, Side], tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        seal(sides, "kz-knb", "ru-fsb", tmp_path, gost="ru-fsb")
    assert refused.value.code == "adapter-invalid"
