"""Collections that partners read and write by TAXII 2.1: laid out here, collected by them, posted to us."""
