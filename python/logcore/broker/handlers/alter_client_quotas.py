"""AlterClientQuotas: sets and takes away quotas of users, client ids and addresses.

Versions: 0 to 1, the last one flexible. Each entity stands or falls by itself. An address may be
given by a name; that it can be resolved is asked in a lane, because that may take its time.
"""

from collections.abc import Sequence

from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.context import RequestContext
from logcore.broker.lanes import SLOW_LANE
from logcore.broker.parts import Parts
from logcore.broker.quotas.addresses import is_address, resolved
from logcore.common.deferred import Deferred
from logcore.common.errors import ClusterAuthorizationFailedError, KafkaError
from logcore.controller.client_quotas import IP, Alteration, Entity, entity_of
from logcore.coordinator.transaction.service import hand_on
from logcore.protocol.messages.alter_client_quotas import (
    AlterClientQuotasRequest,
    AlterClientQuotasResponse,
    EntityData,
    ResponseEntryData,
)


def handle(
    parts: Parts, request: AlterClientQuotasRequest, context: RequestContext
) -> AlterClientQuotasResponse | Deferred[AlterClientQuotasResponse]:
    """Change each entity's quotas by themselves."""
    alterations = [
        Alteration(
            entity_of((part.entity_type, part.entity_name) for part in entry.entity),
            [(change.key, None if change.remove else change.value) for change in entry.ops],
        )
        for entry in request.entries
    ]
    if not parts.authorizer.allows(context, Operation.ALTER_CONFIGS, ResourceType.CLUSTER):
        refusal = ClusterAuthorizationFailedError("not authorized to alter quotas")
        return _answer(dict.fromkeys((each.entity for each in alterations), refusal))
    names = {name for each in alterations for kind, name in each.entity if kind == IP and name}
    unknown = [name for name in sorted(names) if not is_address(name)]
    if not unknown:
        return _alter(parts, request, alterations).map(_answer)
    answer: Deferred[AlterClientQuotasResponse] = Deferred()

    def go_on(done: Deferred[list[str]]) -> None:
        if done.error is not None:
            answer.fail(done.error)
            return
        altered = _alter(parts, request, alterations, done.value())
        altered.map(_answer).then(lambda answered: hand_on(answered, answer))

    parts.lanes.run(SLOW_LANE, lambda: [name for name in unknown if not resolved(name)]).then(go_on)
    return answer


def _alter(
    parts: Parts,
    request: AlterClientQuotasRequest,
    alterations: Sequence[Alteration],
    unresolved: Sequence[str] = (),
) -> Deferred[dict[Entity, KafkaError | None]]:
    return parts.controller.alter_client_quotas(
        alterations, unresolved, validate_only=request.validate_only
    )


def _answer(outcomes: dict[Entity, KafkaError | None]) -> AlterClientQuotasResponse:
    return AlterClientQuotasResponse(
        entries=[
            ResponseEntryData(
                error_code=0 if error is None else error.code,
                error_message=None if error is None else str(error),
                entity=[EntityData(entity_type=kind, entity_name=name) for kind, name in entity],
            )
            for entity, error in outcomes.items()
        ]
    )
