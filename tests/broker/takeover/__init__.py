"""Tests of taking over a directory of Apache Kafka, on directories that look like one."""
