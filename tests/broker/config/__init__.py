"""Tests of `logcore.broker.config`."""
