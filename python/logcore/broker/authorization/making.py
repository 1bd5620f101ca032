"""Which authorizer the settings ask for.

Invariant: without ``authorizer.class.name`` everybody may do everything; with Apache Kafka's
authorizer the access rules decide. There is nothing in between, and rules that nobody acts on are
warned of.
Neighbours: `server` calls this; `config.refusals` has refused other classes before.
Source: Apache Kafka 4.3.1, `StandardAuthorizer.configure`.
"""

import logging

from logcore.broker.authorizer import AllowAll, Authorizer
from logcore.broker.config.broker_config import BrokerConfig
from logcore.broker.config.tables.authorization import super_users
from logcore.common.clock import Scheduler
from logcore.common.metrics import Metrics
from logcore.controller.controller import Controller
from logcore.controller.image import MetadataDelta

logger = logging.getLogger(__name__)


def make_authorizer(
    config: BrokerConfig, controller: Controller, scheduler: Scheduler, metrics: Metrics
) -> Authorizer:
    """Make the authorizer that a broker is set to."""
    if not config["authorizer.class.name"]:
        if controller.image.acls:
            logger.warning(
                "there are %d access rules, and no authorizer.class.name to act on them: "
                "everybody may do everything",
                len(controller.image.acls),
            )
        return AllowAll()
    # Only who has an authorizer waits for these at the start.
    from logcore.broker.authorization.acl_authorizer import (  # noqa: PLC0415
        AclAuthorizer,
        refusal_counter,
    )
    from logcore.broker.authorization.audit import Audit  # noqa: PLC0415

    authorizer = AclAuthorizer(
        Audit(scheduler),
        refusal_counter(metrics),
        super_users(config["super.users"]),
        allows_without_rule=config["allow.everyone.if.no.acl.found"],
    )
    authorizer.load(controller.image.acls)

    def follow(delta: MetadataDelta) -> None:
        changed = delta.changed_acls
        if changed:
            authorizer.change(
                [delta.old.acls[each] for each in changed if each in delta.old.acls],
                [delta.new.acls[each] for each in changed if each in delta.new.acls],
            )

    controller.subscribe(follow)
    return authorizer
