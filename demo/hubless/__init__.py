"""Partners without a hub: one for each adapter, each with a carrier, and their ends of both."""
