"""The partitions of this broker, and who may read and write them.

Neighbours: `logcore.log` holds the logs; the broker's handlers ask here for a partition.
"""
