"""DescribeClientQuotas: what was set of users, client ids and addresses.

Versions: 0 to 1, the last one flexible.
"""

from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.common.errors import ClusterAuthorizationFailedError, KafkaError
from logcore.controller.client_quotas import Component, matching
from logcore.protocol.messages.describe_client_quotas import (
    DescribeClientQuotasRequest,
    DescribeClientQuotasResponse,
    EntityData,
    EntryData,
    ValueData,
)


def handle(
    parts: Parts, request: DescribeClientQuotasRequest, context: RequestContext
) -> DescribeClientQuotasResponse:
    """Return the quotas of the entities that match."""
    try:
        if not parts.authorizer.allows(context, Operation.DESCRIBE_CONFIGS, ResourceType.CLUSTER):
            raise ClusterAuthorizationFailedError("not authorized to describe quotas")
        components = [
            Component(component.entity_type, component.match_type, component.match)
            for component in request.components
        ]
        quotas = parts.controller.image.client_quotas
        found = matching(quotas, components, is_strict=request.strict)
    except KafkaError as error:
        return DescribeClientQuotasResponse(
            error_code=error.code, error_message=str(error), entries=None
        )
    return DescribeClientQuotasResponse(
        error_message="",  # as Apache Kafka has it, where nothing is wrong
        entries=[
            EntryData(
                entity=[EntityData(entity_type=kind, entity_name=name) for kind, name in entity],
                values=[ValueData(key=key, value=value) for key, value in values.items()],
            )
            for entity, values in found.items()
        ],
    )
