"""Tests of regular expressions, beside Python's own."""
