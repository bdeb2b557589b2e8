"""The key material that the envelope's steps are handed: private halves to sign and open, public ones to seal and verify."""

from __future__ import annotations
