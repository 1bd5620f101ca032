"""What derives from the two says how bytes are made, and nothing less."""

import pytest

from logcore.serialization.serializer import Deserializer, Serializer


@pytest.mark.parametrize("base", [Serializer, Deserializer])
def test_one_that_makes_nothing_is_refused(base):
    made = type("Nothing", (base,), {})
    with pytest.raises(TypeError, match="abstract"):
        made()
    assert vars(base)["may_block"] is False
