"""Tests of the controller: pure decisions, replay, the metadata log and its snapshots."""
