"""STIX 2.1 bundles with TLP 2.0 markings and, where agreed, an extension of ours for what STIX cannot say."""
