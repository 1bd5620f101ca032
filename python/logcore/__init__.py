"""logcore: a durable, Kafka-compatible log for Python.

This module is the public list. What it names is imported on first use, so that ``import logcore``
stays cheap: a program pays for the rooms it enters.
Invariant: `_EXPORTS` and the imports under ``TYPE_CHECKING`` name the same things (a test compares
them); nothing else of logcore is imported when this module is.
"""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from logcore.admin.admin import Admin as Admin
    from logcore.admin.async_admin import AsyncAdmin as AsyncAdmin
    from logcore.client.oauth.token import BearerToken as BearerToken
    from logcore.client.positions import OffsetAndMetadata as OffsetAndMetadata
    from logcore.client.positions import TopicPartition as TopicPartition
    from logcore.common.errors import ClientError as ClientError
    from logcore.common.errors import KafkaError as KafkaError
    from logcore.common.errors import LogcoreError as LogcoreError
    from logcore.consumer.acknowledgements import AcknowledgeType as AcknowledgeType
    from logcore.consumer.async_consumer import AsyncConsumer as AsyncConsumer
    from logcore.consumer.async_share_consumer import AsyncShareConsumer as AsyncShareConsumer
    from logcore.consumer.consumer import Consumer as Consumer
    from logcore.consumer.interceptor import ConsumerInterceptor as ConsumerInterceptor
    from logcore.consumer.listener import RebalanceListener as RebalanceListener
    from logcore.consumer.share_consumer import ShareConsumer as ShareConsumer
    from logcore.consumer.share_record import ShareRecord as ShareRecord
    from logcore.log.log import Log as Log
    from logcore.producer.async_producer import AsyncProducer as AsyncProducer
    from logcore.producer.interceptor import ProducerInterceptor as ProducerInterceptor
    from logcore.producer.producer import Producer as Producer
    from logcore.record import ConsumerRecord as ConsumerRecord
    from logcore.record import Record as Record
    from logcore.record import RecordMetadata as RecordMetadata

    __version__: str

_EXPORTS: Final = {
    "AcknowledgeType": "logcore.consumer.acknowledgements",
    "Admin": "logcore.admin.admin",
    "AsyncAdmin": "logcore.admin.async_admin",
    "AsyncConsumer": "logcore.consumer.async_consumer",
    "AsyncProducer": "logcore.producer.async_producer",
    "AsyncShareConsumer": "logcore.consumer.async_share_consumer",
    "BearerToken": "logcore.client.oauth.token",
    "ClientError": "logcore.common.errors",
    "Consumer": "logcore.consumer.consumer",
    "ConsumerInterceptor": "logcore.consumer.interceptor",
    "ConsumerRecord": "logcore.record",
    "KafkaError": "logcore.common.errors",
    "LogcoreError": "logcore.common.errors",
    "Log": "logcore.log.log",
    "OffsetAndMetadata": "logcore.client.positions",
    "Producer": "logcore.producer.producer",
    "ProducerInterceptor": "logcore.producer.interceptor",
    "RebalanceListener": "logcore.consumer.listener",
    "Record": "logcore.record",
    "RecordMetadata": "logcore.record",
    "ShareConsumer": "logcore.consumer.share_consumer",
    "ShareRecord": "logcore.consumer.share_record",
    "TopicPartition": "logcore.client.positions",
}
"""Public name -> the module that defines it."""

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Import a public name on first use, and keep it."""
        import importlib  # noqa: PLC0415 - on first use only

        if name == "__version__":
            value = importlib.import_module("importlib.metadata").version("logcore")
        elif name in _EXPORTS:
            value = getattr(importlib.import_module(_EXPORTS[name]), name)
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_EXPORTS, "__version__"})
