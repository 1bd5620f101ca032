"""Stubs of the compiled module, checked against it by `make lint` (mypy's stubtest).

Invariant: what stands here is what `rust/bindings/src/lib.rs` registers, no more and no less.
"""
