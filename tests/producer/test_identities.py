"""A producer that is nobody may do everything, and stays nobody."""

from logcore.producer.identities import Plain
from logcore.producer.partition_queue import NOBODY


def test_nobody_stays_nobody():
    plain = Plain()
    plain.lost(ValueError("whatever"))
    plain.renew()
    assert (plain.current, plain.error, plain.transactional_id) == (NOBODY, None, None)
    assert plain.may_send("topic", 0)
    assert plain.version_max(None) is None  # type: ignore[arg-type]  # it does not look
