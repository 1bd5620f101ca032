"""The broker beside Apache Kafka and a broker that does nothing: `make bench-broker`.

Invariant: one broker runs at a time, contestants take turns (A-B-A-B), and what is judged are
ratios of medians. Neighbours: `contestants` starts the brokers, `clients` and `raw` load them,
`cases` is what is measured, `report` writes docs/benchmarks.md.
"""
