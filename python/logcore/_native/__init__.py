"""The door to the compiled module: everything Python may use of the Rust engine is named here.

Invariant: only `logcore.log` and `logcore.record` walk through this door (an import contract), and
every name re-exported here has its stub, with its docstring, in `_core.pyi`.
Neighbours: `rust/bindings/` defines what `_core` holds.
"""
