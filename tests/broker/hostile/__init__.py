"""Peers that mean no good, or do not know better: what they send, and how the broker takes it."""
