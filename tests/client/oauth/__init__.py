"""Tests of `logcore.client.oauth`."""
