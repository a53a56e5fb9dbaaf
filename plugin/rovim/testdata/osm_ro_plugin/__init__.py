"""A double of RO's package for tests: what connectors are derived from."""
