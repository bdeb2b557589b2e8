"""The audit log at work: staged events get indices, the tree is signed, published and checked."""
