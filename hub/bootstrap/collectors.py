"""Which authorities client certificates may chain to: ours, and those of partners that call without a hub."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from hub.envelope.vault import unlock
from hub.federation.trust import CALLING
from hub.ports import Store, View
from keys.keyring import FileKeyring


class Authorities:
    """Tells them; what is held for partners is read again when the directory has changed.

    To chain to one of them makes nobody known: that takes the very certificate that is held.
    """

    def __init__(self, keyring: FileKeyring, store: Store) -> None:
        self._keyring = keyring
        self._store = store
        self._held: tuple[int, tuple[str, ...]] | None = None

    def __call__(self) -> Sequence[str]:
        """Return ours first, then those of collectors."""
        with self._store.read() as view:
            generation = view.directory.generation()
            if self._held is None or self._held[0] != generation:
                self._held = generation, tuple(self._of_collectors(view))
        return [*(held.pem for held in self._keyring.authorities()), *self._held[1]]

    def _of_collectors(self, view: View) -> list[str]:
        ids = [
            row.body_id
            for profile in view.hubless.profiles()
            if profile.carrier in CALLING
            for row in view.hubless.materials(profile.agency)
            if row.name == CALLING[profile.carrier] and row.sort == "certificates"
        ]
        bodies = view.bodies.get_many(ids)
        found: list[str] = []
        for body_id in ids:
            if body_id not in bodies:
                continue
            raw = unlock(bodies[body_id], master_key=self._keyring.master_key())
            leaf, *above = x509.load_pem_x509_certificates(raw)
            found += [one.public_bytes(Encoding.PEM).decode() for one in above or [leaf]]
        return found
