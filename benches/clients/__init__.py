"""Clients of Python side by side: ours, confluent-kafka, aiokafka and kafka-python.

Invariant: all do the same work, on the same broker, with the same settings, one process a case.
Neighbours: `load` says what is done, a module for each client how; `one` measures, `report` judges.
"""
