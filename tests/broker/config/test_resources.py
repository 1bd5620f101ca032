"""Types of resources."""

from logcore.broker.config import resources
from logcore.controller import image


def test_the_controller_numbers_them_alike():
    assert resources.TOPIC_RESOURCE == image.RESOURCE_TOPIC
    assert resources.BROKER_RESOURCE == image.RESOURCE_BROKER
    assert resources.CLIENT_METRICS_RESOURCE == image.RESOURCE_CLIENT_METRICS
    assert resources.GROUP_RESOURCE == image.RESOURCE_GROUP
    assert resources.BROKER_LOGGER_RESOURCE not in resources.TABLES
