"""`logcore token`."""

import base64
import json

import pytest

from tests.eventually import eventually


@pytest.fixture
def ask(logcore, guarded):
    """Run `logcore token ARGUMENTS` as somebody who has logged in; returns what it printed."""

    def run(*arguments, code=0):
        login = [word for pair in guarded.login.items() for word in ("-X", "=".join(pair))]
        return logcore("token", *arguments, *login, "-b", guarded.secured, code=code).output

    return run


def rows(printed):
    return [json.loads(line) for line in printed.splitlines()]


def test_the_life_of_a_token(ask):
    assert "User:bob" in ask("create", "--renewer", "User:bob", "--lifetime", "2h", "--dry-run")
    (made,) = rows(ask("create", "--renewer", "User:bob", "--lifetime", "2h", "-o", "json"))
    assert len(base64.b64decode(made["secret"])) == 64
    name = made["id"]

    def listed(*options):
        return [row for row in rows(ask("list", *options, "-o", "json")) if row["id"] == name]

    (row,) = eventually_some(listed)
    assert (row["owner"], row["renewers"]) == ("User:alice", ["User:bob"])
    assert "secret" not in row
    assert listed("--secrets", "--owner", "User:alice") == [made]
    assert listed("--owner", "User:carol") == []
    assert ask("list", "--owner", "User:carol") == "no token is theirs\n"
    (row,) = rows(ask("renew", name, "--for", "30m", "--dry-run", "-o", "json"))
    assert row["expires"] == made["expires"]
    (row,) = rows(ask("renew", name, "--for", "30m", "-o", "json"))
    assert row["expires"] < made["ends"]
    assert name in ask("expire", name, "--dry-run")
    assert listed()
    ask("expire", name)
    eventually(lambda: not listed())
    assert f"there is no token {name}" in ask("renew", name, code=1)


def eventually_some(found):
    eventually(found)
    return found()


def test_what_is_refused(ask):
    assert "User:NAME" in ask("create", "--owner", "alice", code=1)
    assert "90m" in ask("create", "--lifetime", "soon", code=2)


def test_where_nobody_logs_in(logcore, cluster):
    told = logcore("token", "create", "-b", cluster, code=1).output
    assert "DELEGATION_TOKEN" in told or "delegation token" in told.lower()
