"""Metrics that clients push: subscriptions, instances, reading, showing."""
