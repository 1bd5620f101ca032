"""The door to the compiled module: everything Python may use of the Rust engine is named here.

Invariant: only `logcore.log` and `logcore.record` walk through this door (an import contract), and
every name re-exported here has its stub, with its docstring, in `_core.pyi`.
Neighbours: `rust/bindings/` defines what `_core` holds.
"""

from logcore._native._core import VERSION as VERSION
from logcore._native._core import ArrowBatches as ArrowBatches
from logcore._native._core import ArrowColumn as ArrowColumn
from logcore._native._core import ArrowStream as ArrowStream
from logcore._native._core import BatchView as BatchView
from logcore._native._core import Columns as Columns
from logcore._native._core import ConsumerRecord as ConsumerRecord
from logcore._native._core import Delivery as Delivery
from logcore._native._core import FetchedRecords as FetchedRecords
from logcore._native._core import LoadProgress as LoadProgress
from logcore._native._core import Log as Log
from logcore._native._core import LogManager as LogManager
from logcore._native._core import NativeBuffer as NativeBuffer
from logcore._native._core import PartitionLog as PartitionLog
from logcore._native._core import PlainProduce as PlainProduce
from logcore._native._core import PlainSockets as PlainSockets
from logcore._native._core import ProduceBatch as ProduceBatch
from logcore._native._core import Record as Record
from logcore._native._core import RecordAccumulator as RecordAccumulator
from logcore._native._core import RecordMetadata as RecordMetadata
from logcore._native._core import Seams as Seams
from logcore._native._core import decompress as decompress
