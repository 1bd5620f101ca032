"""Registrations: to records and back, and what changes make of them."""

import pytest

from logcore.controller.brokers import changed, registered, registration, set_fenced
from logcore.controller.image import Endpoint
from logcore.protocol.internal.metadata import BrokerRegistrationChangeRecord
from tests.controller.building import broker


@pytest.mark.parametrize("cordoned", [None, (), (b"d" * 16,)])
def test_a_registration_comes_back_as_it_went(cordoned):
    full = broker(
        7,
        endpoints=(Endpoint("PLAINTEXT", "host", 9092), Endpoint("SSL", "h2", 9093, 1)),
        features={"metadata.version": (7, 30)},
        rack="rack-1",
        is_fenced=True,
        in_controlled_shutdown=True,
        cordoned_log_dirs=cordoned,
    )
    assert registered(registration(full)) == full


def change(**fields):
    return BrokerRegistrationChangeRecord(broker_id=1, broker_epoch=11, **fields)


def test_a_change_leaves_alone_what_it_does_not_name():
    assert changed(broker(), change()) == broker()


def test_a_change_fences_and_lets_in_again():
    fenced = changed(broker(), change(fenced=1))
    assert fenced.is_fenced
    assert not changed(fenced, change(fenced=-1)).is_fenced


def test_a_change_takes_directories_over():
    other = (b"e" * 16,)
    after = changed(broker(), change(log_dirs=list(other), cordoned_log_dirs=list(other)))
    assert after.log_dirs == after.cordoned_log_dirs == other
    assert changed(after, change(cordoned_log_dirs=[])).cordoned_log_dirs == ()


def test_a_controlled_shutdown_stays_until_the_broker_is_let_in_again():
    leaving = changed(broker(), change(in_controlled_shutdown=1))
    assert leaving.in_controlled_shutdown
    assert changed(leaving, change(fenced=1)).in_controlled_shutdown
    assert not set_fenced(leaving, fenced=False).in_controlled_shutdown
    assert set_fenced(leaving, fenced=True).in_controlled_shutdown
