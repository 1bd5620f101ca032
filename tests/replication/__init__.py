"""Tests of `logcore.replication`."""
