"""Registrations of brokers: from records to what the image keeps of them, and back.

Invariant: a registration's epoch is the offset of its record, so a later one has a larger epoch.
Neighbours: `replay` asks for the results; `controller` registers this node at its start.
Source: Apache Kafka 4.3.1, `org.apache.kafka.metadata.BrokerRegistration`.
"""

from dataclasses import replace
from typing import Final

from logcore.controller.image import BrokerImage, Endpoint
from logcore.protocol.internal.metadata import (
    BrokerEndpoint,
    BrokerFeature,
    BrokerRegistrationChangeRecord,
    RegisterBrokerRecord,
)

FENCED: Final = 1
UNFENCED: Final = -1
SHUTTING_DOWN: Final = 1


def registered(record: RegisterBrokerRecord) -> BrokerImage:
    """Return the broker that a record registers."""
    cordoned = record.cordoned_log_dirs
    return BrokerImage(
        broker_id=record.broker_id,
        epoch=record.broker_epoch,
        incarnation_id=record.incarnation_id,
        endpoints=tuple(
            Endpoint(each.name, each.host, each.port, each.security_protocol)
            for each in record.end_points
        ),
        features={
            each.name: (each.min_supported_version, each.max_supported_version)
            for each in record.features
        },
        rack=record.rack,
        is_fenced=record.fenced,
        in_controlled_shutdown=record.in_controlled_shutdown,
        log_dirs=tuple(record.log_dirs),
        cordoned_log_dirs=None if cordoned is None else tuple(cordoned),
    )


def registration(broker: BrokerImage) -> RegisterBrokerRecord:
    """Return the record that registers a broker just as it is."""
    cordoned = broker.cordoned_log_dirs
    return RegisterBrokerRecord(
        broker_id=broker.broker_id,
        incarnation_id=broker.incarnation_id,
        broker_epoch=broker.epoch,
        end_points=[
            BrokerEndpoint(
                name=each.name,
                host=each.host,
                port=each.port,
                security_protocol=each.security_protocol,
            )
            for each in broker.endpoints
        ],
        features=[
            BrokerFeature(name=name, min_supported_version=least, max_supported_version=most)
            for name, (least, most) in broker.features.items()
        ],
        rack=broker.rack,
        fenced=broker.is_fenced,
        in_controlled_shutdown=broker.in_controlled_shutdown,
        log_dirs=list(broker.log_dirs),
        cordoned_log_dirs=None if cordoned is None else list(cordoned),
    )


def changed(broker: BrokerImage, record: BrokerRegistrationChangeRecord) -> BrokerImage:
    """Return a broker after a change of its registration; what the record leaves at 0 stays."""
    cordoned = record.cordoned_log_dirs
    return replace(
        broker,
        is_fenced={FENCED: True, UNFENCED: False}.get(record.fenced, broker.is_fenced),
        in_controlled_shutdown=broker.in_controlled_shutdown
        or record.in_controlled_shutdown == SHUTTING_DOWN,
        log_dirs=tuple(record.log_dirs) or broker.log_dirs,
        cordoned_log_dirs=broker.cordoned_log_dirs if cordoned is None else tuple(cordoned),
    )


def set_fenced(broker: BrokerImage, *, fenced: bool) -> BrokerImage:
    """Return a broker fenced or not; one that is let in again is not shutting down."""
    shutting_down = broker.in_controlled_shutdown and fenced
    return replace(broker, is_fenced=fenced, in_controlled_shutdown=shutting_down)
