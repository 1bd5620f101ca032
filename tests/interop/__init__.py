"""Proof of compatibility by programs that nobody here wrote."""
