"""`logcore user` and `logcore quota`."""

from logcore.testing.topics import fresh_name
from tests.eventually import eventually


def test_passwords(ask, ask_json):
    user = fresh_name("user")
    assert "would set" in ask("user", "password", user, "--dry-run")
    ask("user", "password", user, "--iterations", 5000, stdin="secret\n")
    row = {"user": user, "mechanism": "SCRAM-SHA-512", "iterations": 5000}
    eventually(lambda: row in ask_json("user", "list"))
    remove = ("user", "remove-password", user, "--mechanism", "SCRAM-SHA-512")
    assert "would remove" in ask(*remove, "--dry-run")
    ask(*remove)
    eventually(lambda: row not in ask_json("user", "list"))
    assert "empty" in ask("user", "password", user, stdin="\n", code=2)


def test_quotas(ask, ask_json):
    def limits():
        return [row for row in ask_json("quota", "list") if user in row["whom"]]

    user = fresh_name("user")
    limit = "producer_byte_rate=1000"
    told = ask("quota", "set", limit, "--user", user, "--dry-run")
    assert told == f"would change quotas of user:{user}\n"
    assert not limits()
    ask("quota", "set", limit, "--user", user, "--client-id", "")
    eventually(lambda: len(limits()) == 1)
    (row,) = limits()
    assert row["key"] == "producer_byte_rate"
    assert row["limit"] == 1000
    assert "client-id:(default)" in row["whom"]
    ask("quota", "set", "producer_byte_rate=", "--user", user, "--client-id", "")
    eventually(lambda: not limits())
    assert "--user" in ask("quota", "set", limit, code=2)
    both = ("--ip", "127.0.0.1", "--client-id", "")
    assert "--ip stands alone" in ask("quota", "set", limit, *both, code=2)
    assert "KEY=NUMBER" in ask("quota", "set", "producer_byte_rate=fast", "--user", user, code=2)
