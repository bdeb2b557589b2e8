"""The lives of our own keys: made, announced, in use, kept for what is under way, destroyed, or given up."""
