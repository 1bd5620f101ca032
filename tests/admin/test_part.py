"""A part waits for what its twin does, on the twin's loop."""

import threading

from logcore.admin.part import Part
from logcore.client.blocking import blocking
from logcore.client.loop_thread import LoopThread


class AsyncEcho:
    async def echo(self, word: str) -> tuple[str, int]:
        """Return a word, and the thread it was said on."""
        return word, threading.get_ident()


class Echo(Part):
    echo = blocking(AsyncEcho.echo)


def test_a_method_runs_its_twins() -> None:
    runner = LoopThread("echo")
    try:
        word, thread = Echo(AsyncEcho(), runner).echo("hello")
    finally:
        runner.close()
    assert word == "hello"
    assert thread != threading.get_ident()
    assert Echo.echo.__doc__ == AsyncEcho.echo.__doc__
