"""The `logcore` command, run in this process by click's runner."""
