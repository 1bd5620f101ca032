"""Between a program's values and the bytes of keys and values: serializers and deserializers.

Invariant: nothing here knows a client or a broker; a serializer is told the topic, and no more.
Neighbours: `logcore.producer` and `logcore.consumer` call these; the command line uses them, too.
"""

from logcore.serialization.serializer import Deserializer as Deserializer
from logcore.serialization.serializer import Serializer as Serializer

__all__ = ["Deserializer", "Serializer"]
