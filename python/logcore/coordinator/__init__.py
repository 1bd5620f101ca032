"""Coordinators: state machines whose state is a partition of an internal topic.

Invariant: whatever must survive is appended to the log first and changes the state only in
`replay`, the same one that loading uses; deciding (pure, `group/`) is apart from doing (`runtime`).
Neighbours: the handlers of `broker` call `group.service`; the log, the topics and the clock come in
through seams that `broker` fills.
"""
