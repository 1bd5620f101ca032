"""The `logcore` command: what the rooms below can do, from a shell.

Invariant: a command imports the room it drives when it runs, so `logcore --help` stays quick.
Neighbours: `logcore.cli.main` is the entry point; nothing of ours imports this room.
"""
