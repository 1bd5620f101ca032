"""Tests of `logcore.consumer`."""
