"""A source read once into a cache that can be mapped into memory."""
