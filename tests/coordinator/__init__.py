"""Tests of the coordinators: pure, on a clock that tests turn, over a log in memory."""
