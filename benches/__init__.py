"""Benchmarks: logcore and the stores one could embed instead, in one run.

`make bench` runs them; `benches.report` writes docs/benchmarks.md from the results.
"""
