"""Changes of this hub's own keys, as far as its database has a part in them."""
