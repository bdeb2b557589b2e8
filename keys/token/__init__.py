"""Keys that live in a PKCS #11 token: they are used there and never leave it."""
