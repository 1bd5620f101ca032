"""Tests of the client of schema registries."""
