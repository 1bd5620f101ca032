"""Quotas of clients: what holds for whom, what is counted, and who has to wait."""
