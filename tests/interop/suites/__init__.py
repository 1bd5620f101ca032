"""The foreign suites: a folder each, started by its `run`; `common.sh` says how."""
