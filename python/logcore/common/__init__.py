"""What every room may use and what knows no room: errors and types.

Invariant: imports nothing of logcore but `_native`'s siblings below it, which is to say nothing.
"""
