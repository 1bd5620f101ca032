"""Tests of `logcore.client.telemetry`."""
