"""A request's surroundings: who, from where, by which listener."""

from types import SimpleNamespace
from typing import Any

from logcore.broker.context import ANONYMOUS, Principal, RequestContext
from logcore.protocol.api_keys import ApiKey


def test_a_context_knows_its_client_as_groups_record_it():
    connection: Any = SimpleNamespace(peer_host="10.0.0.1", listener_name="PLAINTEXT")
    context = RequestContext(ApiKey.FETCH, 12, 7, "me", connection)
    assert context.client_host == "/10.0.0.1"
    assert context.listener_name == "PLAINTEXT"
    assert context.principal is ANONYMOUS
    assert Principal("User", "ANONYMOUS") == ANONYMOUS
