"""Tests of `logcore.broker`."""
