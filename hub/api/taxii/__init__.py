"""TAXII 2.1 for those who call us with their certificate: `/taxii2/`."""

from hub.api.taxii.operations import room

__all__ = ["room"]
