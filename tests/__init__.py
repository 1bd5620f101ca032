"""Every test, in the tree of what it tests: `tests/<room>/test_<module>.py`."""
