"""Sockets: listeners that turn bytes into frames and answers into bytes, and a small HTTP server.

Invariant: nothing here knows what a frame says. One thread, the event loop's, does everything.
Neighbours: `broker.server` makes the listeners; `broker.dispatch` is handed the frames.
"""
