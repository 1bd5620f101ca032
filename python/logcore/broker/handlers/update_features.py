"""UpdateFeatures: put other levels of features in force.

Versions: 0 to 2; since 1 a request may be tried only, and says which kind of downgrade it means;
since 2 one error stands for all features, because either all of them change or none.
"""

from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.common.deferred import Deferred
from logcore.common.errors import ClusterAuthorizationFailedError
from logcore.protocol.messages.update_features import UpdateFeaturesRequest, UpdateFeaturesResponse


def handle(
    parts: Parts, request: UpdateFeaturesRequest, context: RequestContext
) -> Deferred[UpdateFeaturesResponse]:
    """Change the features, if the client may."""
    if not parts.authorizer.allows(context, Operation.ALTER, ResourceType.CLUSTER):
        raise ClusterAuthorizationFailedError("altering the cluster is not allowed")
    return parts.controller.update_features(request, context.version)
