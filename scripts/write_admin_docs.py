"""Writes docs/reference/admin.md: what each method of Java's `Admin` is here.

The table below is the truth; a test holds its left side against Apache Kafka's own class, its right
side against ours, and the page against both.

    python scripts/write_admin_docs.py docs/reference/admin.md
"""

import sys
from pathlib import Path

HEAD = """# Admin: every method of Java's, and where it is here

Apache Kafka 4.3.1's `org.apache.kafka.clients.admin.Admin` beside `Admin` and its twin
`AsyncAdmin`, whose parts have the same names. What each method takes, returns and raises:
[clients](clients.md#methods), and `help(Admin.topics)`. This page is written by
`scripts/write_admin_docs.py`; a test compares both sides with the classes.

A method of Java's that is about several things returns a future for each; here it returns
`Results`: a mapping from each thing to its value, that raises the thing's error where it is looked
up.

| Java | here | differs |
|---|---|---|
"""

TAIL = """
Beyond Java's: `reach`, which waits until a broker answers, `cluster.apis` (what
`kafka-broker-api-versions.sh` shows), `transactions.hanging` (what `kafka-transactions.sh
find-hanging` looks for), `offsets.bounds` and `offsets.partitions`.

On logcore's own broker, which is one node, `quorum.add_voter` and `quorum.remove_voter` raise
`UnsupportedVersionError`: the broker says that it has no such request. `cluster.unregister` finds
nobody to forget: `BrokerIdNotRegisteredError`, or `InvalidRequestError` for the node itself.
"""

JAVA: dict[str, tuple[tuple[str, ...], str]] = {
    "createTopics": (("topics.create",), "waits until the topics have leaders"),
    "deleteTopics": (("topics.delete", "topics.delete_ids"), ""),
    "listTopics": (("topics.list",), "names; ids are in `topics.describe`"),
    "describeTopics": (
        ("topics.describe", "topics.describe_ids", "topics.describe_eligible"),
        "the last one tells of replicas that are eligible to lead",
    ),
    "createPartitions": (("topics.add_partitions",), ""),
    "deleteRecords": (("topics.delete_records",), ""),
    "listOffsets": (("offsets.find",), "every `OffsetSpec`, and times"),
    "describeConfigs": (("configs.describe",), ""),
    "incrementalAlterConfigs": (("configs.alter",), ""),
    "listConfigResources": (("configs.resources",), ""),
    "listClientMetricsResources": (("configs.resources",), "`ResourceKind.CLIENT_METRICS`"),
    "listGroups": (("groups.list",), ""),
    "listConsumerGroups": (("groups.list",), "`kinds=['classic', 'consumer']`"),
    "describeConsumerGroups": (("groups.describe",), "one method for groups of every kind"),
    "describeClassicGroups": (("groups.describe",), ""),
    "describeShareGroups": (("groups.describe",), ""),
    "describeStreamsGroups": (("groups.describe",), ""),
    "deleteConsumerGroups": (("groups.delete",), "one method for groups of every kind"),
    "deleteShareGroups": (("groups.delete",), ""),
    "deleteStreamsGroups": (("groups.delete",), ""),
    "listConsumerGroupOffsets": (("groups.offsets",), "one group a call"),
    "listStreamsGroupOffsets": (("groups.offsets",), "one group a call"),
    "alterConsumerGroupOffsets": (("groups.set_offsets",), ""),
    "alterStreamsGroupOffsets": (("groups.set_offsets",), ""),
    "deleteConsumerGroupOffsets": (("groups.delete_offsets",), ""),
    "deleteStreamsGroupOffsets": (("groups.delete_offsets",), ""),
    "removeMembersFromConsumerGroup": (
        ("groups.remove_members", "groups.remove_all_members"),
        "to remove all of them is a method of its own",
    ),
    "listShareGroupOffsets": (("share_groups.offsets",), "one group a call"),
    "alterShareGroupOffsets": (("share_groups.set_offsets",), ""),
    "deleteShareGroupOffsets": (("share_groups.delete_offsets",), ""),
    "listTransactions": (("transactions.list",), ""),
    "describeTransactions": (("transactions.describe",), ""),
    "describeProducers": (("transactions.producers",), ""),
    "abortTransaction": (("transactions.abort",), "finds producer and epoch itself"),
    "fenceProducers": (("transactions.fence",), ""),
    "forceTerminateTransaction": (("transactions.fence",), "the same request"),
    "describeAcls": (("acls.describe",), ""),
    "createAcls": (("acls.create",), ""),
    "deleteAcls": (("acls.delete",), ""),
    "describeUserScramCredentials": (("users.credentials",), ""),
    "alterUserScramCredentials": (("users.set_password", "users.remove_password"), "one a call"),
    "describeClientQuotas": (("quotas.describe",), ""),
    "alterClientQuotas": (("quotas.alter",), "of one entity a call"),
    "createDelegationToken": (("tokens.create",), ""),
    "renewDelegationToken": (("tokens.renew",), ""),
    "expireDelegationToken": (("tokens.expire",), ""),
    "describeDelegationToken": (("tokens.describe",), ""),
    "describeCluster": (("cluster.describe",), ""),
    "unregisterBroker": (("cluster.unregister",), ""),
    "describeFeatures": (("cluster.features",), ""),
    "updateFeatures": (("cluster.update_features",), "up or down is seen from the level"),
    "describeMetadataQuorum": (("quorum.describe",), ""),
    "addRaftVoter": (("quorum.add_voter",), ""),
    "removeRaftVoter": (("quorum.remove_voter",), ""),
    "describeLogDirs": (("replicas.log_dirs",), ""),
    "describeReplicaLogDirs": (("replicas.places",), ""),
    "alterReplicaLogDirs": (("replicas.move_dirs",), ""),
    "electLeaders": (("replicas.elect_leaders",), ""),
    "alterPartitionReassignments": (("replicas.reassign",), ""),
    "listPartitionReassignments": (("replicas.reassignments",), ""),
    "close": (("close",), ""),
    "metrics": (("metrics",), "under Java's names"),
    "clientInstanceId": ((), "metrics are pushed all the same (KIP-714)"),
    "registerMetricForSubscription": ((), "a program's own metrics are not pushed"),
    "unregisterMetricFromSubscription": ((), "as before"),
}
"""Method of Java's -> those of ours that do it, and what one has to know."""


def document() -> str:
    """Return the whole page."""
    rows = (
        f"| `{java}` | {', '.join(f'`{name}`' for name in ours) or 'not here'} | {note} |\n"
        for java, (ours, note) in JAVA.items()
    )
    return HEAD + "".join(rows) + TAIL


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(document(), encoding="utf-8")
