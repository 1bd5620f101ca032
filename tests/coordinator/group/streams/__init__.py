"""Tests of streams groups; `streaming` has their members and topologies."""
