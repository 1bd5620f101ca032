"""Tests of `logcore.common`."""
