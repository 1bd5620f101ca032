"""Tests of transactions: decisions by table, and a coordinator that crashes; `bench` has it."""
