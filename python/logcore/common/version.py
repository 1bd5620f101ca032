"""The version of the package, without asking for the metadata of what is installed, which is slow.

Invariant: it is what Cargo.toml says, which the package's metadata is made of too.
Neighbours: the compiled module carries it; clients tell it to brokers.
"""

from logcore._native import VERSION

__all__ = ["VERSION"]
