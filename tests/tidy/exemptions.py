"""What tidy forgives, by name. These lists shrink: an entry no longer needed is itself an error.

Add an entry only with its reason beside it; mend the file instead wherever that is possible.
"""

from typing import Final

LONG_FILES: Final = {
    "python/logcore/common/kafka_errors.py": "a table: one class per Kafka error code",
}

LONG_FUNCTIONS: Final[dict[str, int]] = {}
"""`path::function` -> its length in lines today; it may only get shorter."""

WITHOUT_MIRROR: Final = {
    "python/logcore/common/error_base.py": "tests/common/test_errors.py, through the door",
    "python/logcore/common/kafka_errors.py": "tests/common/test_errors.py, through the door",
    "python/logcore/common/types.py": "types only, nothing to run",
    "rust/src/producer_entry.rs": "rust/tests/producer_state.rs, through its state",
    "rust/src/append_origin.rs": "its tests are being written",
    "rust/src/batch.rs": "its tests are being written",
    "rust/src/clock.rs": "its tests are being written",
    "rust/src/config.rs": "its tests are being written",
    "rust/src/error.rs": "its tests are being written",
    "rust/src/fs.rs": "its tests are being written",
    "rust/src/index.rs": "its tests are being written",
    "rust/src/indexing.rs": "its tests are being written",
    "rust/src/mmap.rs": "its tests are being written",
    "rust/src/recovery.rs": "its tests are being written",
    "rust/src/segment.rs": "its tests are being written",
    "rust/src/segment_writer.rs": "its tests are being written",
    "rust/src/segments.rs": "its tests are being written",
    "rust/src/time_index.rs": "its tests are being written",
}

MAY_BE_UNSAFE: Final = {
    "rust/src/mmap.rs": "maps cannot be read otherwise",
    "rust/bindings/src/appending.rs": "a buffer of Python's is a raw pointer and a length",
    "rust/bindings/src/batch.rs": "pyo3 hands Python's buffer protocol out as raw pointers",
    "rust/bindings/src/buffer.rs": "pyo3 hands Python's buffer protocol out as raw pointers",
}

UNIMPORTED: Final = {
    "logcore.cli.main": "the entry point of the `logcore` script",
}
