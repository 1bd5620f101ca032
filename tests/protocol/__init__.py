"""Tests of `logcore.protocol`, one file per module, and of its messages against other codecs."""
