"""Tests of `logcore.broker.share`."""
