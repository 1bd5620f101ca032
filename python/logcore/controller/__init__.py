"""The cluster's metadata: which topics, partitions, configs, features and brokers there are.

Deciding is apart from doing: `topics`, `partitions`, `configuration`, `features` and `placement`
turn an image and a request into records and a response; `controller` has the records made durable
in the `metadata_log` and only then shows the new image to anybody.
Neighbours: the broker's handlers call the controller; `replication` follows its deltas.
"""
