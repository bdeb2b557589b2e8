"""The operations of the API: each handler parses nothing, decides nothing, and calls one use case."""
