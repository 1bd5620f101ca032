"""Tests of `logcore.protocol.internal`."""
