"""Tests of `logcore.serialization`."""
