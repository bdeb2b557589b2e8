"""The specification for machines, and the same for people: pages without any outside resource."""
