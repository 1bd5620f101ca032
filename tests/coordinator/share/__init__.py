"""Tests of the share coordinator: decisions, and a coordinator that crashes; `bench` has it."""
