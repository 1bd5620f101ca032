"""Every request's response is found by its name."""

import importlib

import pytest

from logcore.broker.apis import APIS, Api
from logcore.client.responses import response_of


@pytest.mark.parametrize("api", APIS.values(), ids=lambda api: api.name)
def test_each_request_has_its_response(api: Api) -> None:
    module = importlib.import_module(f"logcore.protocol.messages.{api.key.name.lower()}")
    assert response_of(api.request_class()) is getattr(module, f"{api.name}Response")
