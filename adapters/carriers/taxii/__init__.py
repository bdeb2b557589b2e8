"""TAXII 2.1, our end as a client: records go into a collection of the partner's, and come out of one."""

from adapters.carriers.taxii.carrier import TaxiiCarrier, make

__all__ = ["TaxiiCarrier", "make"]
