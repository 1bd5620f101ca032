"""Every message there is, and messages full of values to write them with.

Invariant: values depend on the seed alone, so that a failure is repeated by its test's name.
Neighbours: `test_messages` and `peers` take every (class, version) from here.
"""

import importlib
import pkgutil
import random
import zlib
from functools import cache

from logcore.protocol import internal, messages
from logcore.protocol.errors import UnencodableMessageError
from logcore.protocol.schema import Message
from logcore.protocol.source import exists, may_be_null
from logcore.protocol.wire import SIZES

LONG_ARRAY = 130
NOT_NULL = UnencodableMessageError
"""What a default of null costs in a version where the field may not be null."""


@cache
def message_classes(package=None):
    """Every message class of a package, or of both, in the order of the modules."""
    if package is None:
        return [*message_classes(messages), *message_classes(internal)]
    found: list[type[Message]] = []
    for info in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        found.extend(
            each
            for each in vars(module).values()
            if isinstance(each, type)
            and issubclass(each, Message)
            and each.__module__ == module.__name__
        )
    return found


def versions(cls):
    return range(cls.VERSIONS[0], cls.VERSIONS[1] + 1)


def every_version(package=None):
    """Every (class, version), as parameters of a test."""
    return [(cls, version) for cls in message_classes(package) for version in versions(cls)]


def name_of(value):
    """The name of a parameter in a test's name."""
    return value.__name__ if isinstance(value, type) else str(value)


class Values:
    """Makes messages of random values.

    With `plain`, numbers are such as a codec accepts that makes more of them than numbers: error
    codes exist, durations and times are sensible. Without `tagged`, tagged fields are left alone.
    """

    texts: tuple[str, ...] = (
        "", "a", "topic", "\N{LATIN SMALL LETTER E WITH ACUTE}" * 40, "x" * 300,
    )  # fmt: skip
    blobs: tuple[int, ...] = (0, 3, 100, 3000)
    counts: tuple[int, ...] = (0, 1, 2, 3)

    def __init__(self, seed, *, plain=False, tagged=True):
        self.random = random.Random(zlib.crc32(repr(seed).encode()))
        self.plain = plain
        self.tagged = tagged

    def message(self, cls, version):
        """Make a struct with a value in each field that the version has."""
        return cls(
            **{
                name: self.field(name, field, version)
                for name, field in cls.FIELDS.items()
                if exists(field, version) and (self.tagged or field.tag is None)
            }
        )

    def field(self, name, field, version):
        if may_be_null(field, version) and self.random.random() < 0.25:
            return None
        if not field.is_array:
            return self.one(name, field, version)
        count = self.random.choice(self.counts)
        if field.of is None and self.random.random() < 0.05:
            count = LONG_ARRAY
        return [self.one(name, field, version) for _ in range(count)]

    def one(self, name, field, version):
        if field.of is not None:
            return self.message(field.of, version)
        made = {
            "bool": lambda: self.random.random() < 0.5,
            "uuid": lambda: self.random.randbytes(16),
            "string": lambda: self.random.choice(self.texts),
            "bytes": lambda: self.random.randbytes(self.random.choice(self.blobs)),
            "records": lambda: self.random.randbytes(self.random.choice(self.blobs)),
            "float64": lambda: self.random.uniform(-1e9, 1e9),
        }
        return made[field.kind]() if field.kind in made else self.number(name, field)

    def number(self, name, field):
        if self.plain and name.endswith("error_code"):
            return self.random.randrange(-1, 100)
        if self.plain and name.endswith(("_ms", "timestamp")):
            return self.random.randrange(2**30)
        bits = 8 * SIZES[field.kind]
        below_zero = 0 if field.kind.startswith("u") else 1 << (bits - 1)
        return self.random.getrandbits(self.random.choice((1, bits // 2, bits))) - below_zero
