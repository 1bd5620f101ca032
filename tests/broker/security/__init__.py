"""Tests of `logcore.broker.security`."""
