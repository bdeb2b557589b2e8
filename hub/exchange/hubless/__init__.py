"""Partners without a hub: pinned by a profile, reached through an adapter, never trusted on the wire."""
