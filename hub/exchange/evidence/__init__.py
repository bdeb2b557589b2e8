"""Evidence leaves the hub: bundles about one record, and the anchors that others verify them with."""
