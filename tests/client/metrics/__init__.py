"""Tests of `logcore.client.metrics`."""
