"""Tests of `logcore.client`."""
