"""Writes docs/reference/acls.md: how access rules work, and what each API asks the authorizer.

Derived from the table of questions, so that the document cannot say anything else; a test compares.

    python scripts/write_acl_docs.py docs/reference/acls.md
"""

import sys
from pathlib import Path

from logcore.broker.apis import APIS
from logcore.broker.authorization.audit import LINES_PER_SECOND
from logcore.broker.authorization.questions import ASKS, ELSE, FREE, LEFT_OUT, Ask
from logcore.broker.authorizer import SUPPORTED_OPERATIONS, Operation, ResourceType
from logcore.broker.config.tables.authorization import STANDARD_AUTHORIZER
from logcore.protocol.api_keys import ApiKey

HEAD = f"""# Access rules

Who may do what is decided by access rules (ACLs), as in Apache Kafka 4.3.1, with its tools:

    logcore broker --set authorizer.class.name={STANDARD_AUTHORIZER} \\
        --set super.users='User:CN=ops;User:admin'
    kafka-acls.sh --bootstrap-server HOST:PORT --command-config admin.properties \\
        --add --allow-principal User:alice --operation Read --topic orders

Without `authorizer.class.name` everybody may do everything, and requests about rules answer
SECURITY_DISABLED. With it:

- A super user may do everything. Nobody is one by default; name some before the first start, or
  nobody can make a rule.
- A rule allows or denies one operation on one resource to one principal from one host. The name of
  the resource is literal, `*` for every resource of the type, or the beginning of names
  (`prefixed`). The principal may be `User:*`, the host `*`. A host is an address, never a name; one
  of IPv6 may be spelt as usual or as Java spells it.
- A rule that denies wins over all that allow. What no rule allows is denied, also where other rules
  are about the resource; where no rule is about it, `allow.everyone.if.no.acl.found` decides, which
  is false by default.
- READ, WRITE, DELETE and ALTER each allow DESCRIBE, too; ALTER_CONFIGS allows DESCRIBE_CONFIGS.
  What is denied implies nothing.
- Rules are kept in the metadata, and hold from the moment in which the request that made them is
  answered.

Each refusal is a line of the logger `logcore.audit` at level INFO, with principal, host, operation,
resource, API, listener and the rule that denied; what is allowed is told at DEBUG. At most
{LINES_PER_SECOND} refusals a second are written down one by one, and the rest is counted. Names
that clients chose are quoted, and cut after 256 characters. That something was left out of a list
is no refusal. All are counted in the metric `logcore_authorization_refusals_total`. The level can
be changed while the broker runs:

    kafka-configs.sh --bootstrap-server HOST:PORT --alter --entity-type broker-loggers \\
        --entity-name 1 --add-config logcore.audit=DEBUG

This page is written by `scripts/write_acl_docs.py` from the one table of questions
(`python/logcore/broker/authorization/questions.py`). Tests drive every handler to prove that it
asks these questions and no others, and compare the answers with Apache Kafka's under equal rules.

## Operations on resources

| resource | operations |
|---|---|
"""

ASKED = """
## What each API asks

In the order in which it is asked. A refusal is answered for the one topic, group or transaction
that it is about, wherever the response has a place for that.

| API | operation | resource | of which, or when | if not |
|---|---|---|---|---|
"""

FREE_HEAD = """
## What asks nothing

"""

TAIL = """
## Differs from Apache Kafka 4.3.1

- A rule about ANY is refused with INVALID_REQUEST, and so is one with a number 0; Apache Kafka
  answers UNKNOWN_SERVER_ERROR for the whole request, or closes the connection.
- One request makes or removes at most 10,000 rules; what is beyond answers POLICY_VIOLATION.
- Audit lines have a form of their own, and are bounded.
"""


def name_of(key: ApiKey) -> str:
    """Return an API's name as Kafka spells it."""
    return "".join(part.capitalize() for part in key.name.split("_"))


def rows(key: ApiKey) -> str:
    """Return the rows of an API."""
    return "".join(
        f"| {name_of(key) if number == 0 else ''} | {ask.operation.name} "
        f"| {ask.resource_type.name} | {ask.when} | {consequence(ask)} |\n"
        for number, ask in enumerate(ASKS[key])
    )


def consequence(ask: Ask) -> str:
    """Say what a no leads to."""
    if ask.refusal == ELSE:
        return "the next decides"
    return ask.refusal if ask.refusal != LEFT_OUT else "left out of the answer"


def operations(kind: ResourceType) -> str:
    """Return the row of a kind of resource."""
    known = (Operation.ALL, *sorted(SUPPORTED_OPERATIONS[kind]))
    return f"| {kind.name} | {', '.join(each.name for each in known)} |\n"


def document() -> str:
    """Return the whole page."""
    kinds = "".join(operations(kind) for kind in ResourceType)
    asked = "".join(rows(key) for key in sorted(APIS) if key in ASKS)
    free = "".join(f"- {name_of(key)}: {FREE[key]}.\n" for key in sorted(FREE) if key in APIS)
    return HEAD + kinds + ASKED + asked + FREE_HEAD + free + TAIL


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(document(), "utf-8")
