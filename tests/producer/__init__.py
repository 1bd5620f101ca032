"""Tests of `logcore.producer`."""
