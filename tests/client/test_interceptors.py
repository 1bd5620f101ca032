"""Interceptors are called one after the other, whatever one raises, and never after the end."""

from logcore.client.interceptors import InterceptorChain


class Member:
    def __init__(self, *, raises: bool = False) -> None:
        self.raises = raises
        self.calls: list[str] = []

    def close(self) -> None:
        self.note("close")

    def note(self, what: str) -> None:
        self.calls.append(what)
        if self.raises:
            raise ValueError("no")


def test_what_one_raises_is_logged_and_the_next_is_called(caplog):
    members = Member(raises=True), Member()
    chain = InterceptorChain(members)
    chain.tell("on_this", lambda member: member.note("this"))
    assert [each.calls for each in members] == [["this"], ["this"]]
    assert "an interceptor raised in on_this" in caplog.text


def test_the_end_is_told_once_and_nothing_after_it(caplog):
    members = Member(raises=True), Member()
    chain = InterceptorChain(members)
    assert chain
    for _ in range(2):
        chain.close()
    chain.tell("on_this", lambda member: member.note("this"))
    assert [each.calls for each in members] == [["close"], ["close"]]
    assert "an interceptor raised in close" in caplog.text
    assert not chain
