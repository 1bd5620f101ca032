"""Keys as FindCoordinator spells them, and which states are cold."""

from dataclasses import replace

import pytest

from logcore.common.uuids import uuid_text
from logcore.coordinator.share.state import ShareKey
from tests.coordinator.share.bench import KEY, TOPIC, Bench


def test_a_key_is_read_as_it_is_spelled():
    assert KEY.text == f"g:{uuid_text(TOPIC)}:0"
    assert ShareKey.parse(KEY.text) == KEY


def test_a_groups_name_may_hold_colons():
    key = ShareKey("a:b:c", TOPIC, 12)
    assert ShareKey.parse(key.text) == key


@pytest.mark.parametrize("text", [
    "", "g", f"g:{uuid_text(TOPIC)}", f":{uuid_text(TOPIC)}:0", f" :{uuid_text(TOPIC)}:0",
    "g:short:0", f"g:{uuid_text(TOPIC)}:x", f"g:{uuid_text(TOPIC)}:1_0", f"g:{uuid_text(TOPIC)}:-1",
])  # fmt: skip
def test_what_is_no_key(text):
    with pytest.raises(ValueError, match=r"is not"):
        ShareKey.parse(text)


def test_a_state_is_cold_that_was_written_only_to_move_it():
    bench = Bench()
    bench.begin()
    state = bench.states[KEY]
    assert not state.is_cold
    assert replace(state, written_ms=state.written_ms + 1).is_cold
