"""Our end of a TAXII server as a profile makes it, and objects to exchange."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from adapters.carriers.taxii import TaxiiCarrier
from adapters.contract import Parcel
from adapters.reading import read_json, write_json
from adapters.registry import make_carrier
from tests.adapters.materials import Given
from tests.servers.mutual import Served, client_leaf, partner_authority

NAMESPACE = UUID("6a4f2f7e-3f0b-5b8a-9d0e-0d6d3c1f7b11")
AT = "2026-11-01T00:00:00.000Z"


def end(peer: Served, state: Path, **options: Any) -> TaxiiCarrier:
    leaf, key = client_leaf()
    given = Given(
        us="kz-knb",
        them="de-bka",
        state=state,
        keys={"taxii": key},
        chains={"taxii": [leaf], "taxii-authority": [partner_authority().certificate]},
        secrets={"taxii": b"password"},
    )
    told = {"api_root": f"{peer.url}/api1/", "user": "hub", "page_objects": 3, "request_timeout_s": 20}
    made = make_carrier("taxii", {**told, **options}, given)
    assert isinstance(made, TaxiiCarrier)
    return made


def made(sort: str, word: object, *, at: str = AT, **more: Any) -> dict[str, Any]:
    head = {"type": sort, "spec_version": "2.1", "id": f"{sort}--{uuid5(NAMESPACE, str(word))}"}
    return {**head, "created": AT, "modified": at, **more}


def person(word: object, **more: Any) -> dict[str, Any]:
    return made("identity", word, name=f"N{word}", identity_class="individual", **more)


def report(word: object, *about: dict[str, Any], at: str = AT, **more: Any) -> dict[str, Any]:
    refs = [each["id"] for each in about]
    return made(
        "report",
        word,
        at=at,
        name="r",
        published=AT,
        report_types=["threat-report"],
        object_refs=refs,
        **more,
    )


def bundle(word: object, *objects: dict[str, Any]) -> Parcel:
    content = {"type": "bundle", "id": f"bundle--{uuid5(NAMESPACE, str(word))}", "objects": list(objects)}
    return Parcel(parcel_id=f"parcel-{word}", content=write_json(content))


def objects_in(parcel: Parcel) -> list[dict[str, Any]]:
    found = read_json(parcel.content, max_bytes=1 << 24)["objects"]
    assert isinstance(found, list)
    return found


def ids(parcel: Parcel) -> set[str]:
    return {str(each["id"]) for each in objects_in(parcel)}
