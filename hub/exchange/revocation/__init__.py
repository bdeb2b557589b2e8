"""Whether partners' certificates were revoked: asked of their authorities, verified and kept."""
