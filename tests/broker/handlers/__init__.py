"""Tests of `logcore.broker.handlers`."""
