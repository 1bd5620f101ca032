"""Records on their way to the program: in order, with errors in their places."""

from logcore.common.errors import SerializationError
from logcore.consumer.interceptor import ConsumerInterceptor
from logcore.consumer.preparing import Preparing
from logcore.record import ConsumerRecord


class Runs(ConsumerInterceptor):
    """Notes which records come together."""

    def __init__(self):
        self.runs = []

    def on_consume(self, records):
        self.runs.append([record.value for record in records])
        return records


def records(*values: bytes) -> list[ConsumerRecord]:
    return [ConsumerRecord("t", 0, offset, None, value) for offset, value in enumerate(values)]


def test_interceptors_see_runs_of_what_could_be_deserialized():
    runs = Runs()
    hooks = Preparing(None, int, [runs])
    prepared = hooks.intercepted(hooks.deserialized(records(b"1", b"2", b"x", b"y", b"5", b"z")))
    assert runs.runs == [[1, 2], [5]]
    kinds = [isinstance(each, SerializationError) for each in prepared]
    assert kinds == [False, False, True, True, False, True]
    assert [each.offset for each in prepared] == list(range(6))


def test_without_deserializers_interceptors_see_bytes():
    runs = Runs()
    hooks = Preparing(interceptors=[runs])
    given = records(b"1", b"2")
    assert hooks.intercepted(hooks.deserialized(given)) == given
    assert runs.runs == [[b"1", b"2"]]


def test_hooks_are_needed_or_not():
    made = [Preparing(), Preparing(int), Preparing(interceptors=[Runs()])]
    assert [hooks.is_needed for hooks in made] == [False, True, True]
    assert not any(hooks.blocks for hooks in made)
