"""The protocol of a key ceremony as a page that all present sign by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hub.envelope.canonical import canonical, digest


def protocol_page(protocol: Mapping[str, object]) -> str:
    """Return a protocol as a page that all present sign by hand."""
    said = _Said(protocol)
    lines = [
        f"PROTOCOL OF A KEY CEREMONY: {said.text('agency')}",
        "",
        f"Place      {said.text('place')}",
        f"Purpose    {said.text('purpose')}",
        f"Began      {said.text('began_at')}",
        f"Ended      {said.text('ended_at')}",
        "",
        "Software",
        *(f"  {name:<13} {told}" for name, told in said.table("software").items()),
        "",
        "Machine",
        *(
            f"  {'good     ' if one['good'] else 'ATTENTION'}  {one['what']}: {one['seen']}"
            for one in said.rows("machine")
        ),
        "",
        "Steps",
        *(f"  {one['at']}  {one['step']:<12} {one['told']}" for one in said.rows("steps")),
        "",
        "Card",
        f"  {said.table('card')['fingerprint']}",
        "",
        "Keys",
        *(
            f"  {one['purpose']:<18} {one['where']:<6} {one['id']}  {one.get('public_sha256', '–')}"
            for one in said.rows("keys")
        ),
        "",
        "Backup",
        f"  id        {said.table('backup')['id']}",
        f"  checksum  {said.table('backup')['checksum']}",
        f"  any {said.table('backup')['threshold']} shares restore it",
        *(f"  share {one['share']}  {one['custodian']}" for one in said.holders()),
        "",
        f"SHA-256 of the signed protocol: {digest(canonical(protocol)).hex()}",
        "",
        "Signed by all present",
        *(
            f"  {one['part']:<10} {one['name']} ({one['agency']})  ______________________________"
            for one in said.rows("present")
        ),
    ]
    return "\n".join(lines) + "\n"


class _Said:
    """Reads parts of a protocol that was made here, whose form is known."""

    def __init__(self, protocol: Mapping[str, object]) -> None:
        self._protocol = protocol

    def text(self, name: str) -> str:
        return str(self._protocol[name])

    def table(self, name: str) -> Mapping[str, object]:
        value = self._protocol[name]
        assert isinstance(value, dict)
        return value

    def rows(self, name: str) -> Sequence[Mapping[str, object]]:
        value = self._protocol[name]
        assert isinstance(value, list)
        return value

    def holders(self) -> Sequence[Mapping[str, object]]:
        value = self.table("backup")["holders"]
        assert isinstance(value, list)
        return value
