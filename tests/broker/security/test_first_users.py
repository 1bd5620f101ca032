"""The first users are read as `kafka-storage` reads them, and added once."""

import base64
from dataclasses import replace

import pytest

from logcore.broker.security.first_users import missing, read
from logcore.common.config import ConfigError
from logcore.common.scram import MECHANISMS, credential_of, salted_password
from logcore.controller.image import EMPTY

SHA256 = MECHANISMS["SCRAM-SHA-256"]


def test_a_user_with_a_password():
    users = read("SCRAM-SHA-256=[name=alice,password=secret]")
    ((key, credential),) = users.items()
    salted = salted_password(SHA256, "secret", credential.salt, 4096)
    assert key == ("alice", 1)
    assert credential == credential_of(SHA256, salted, credential.salt, 4096)
    assert read("SCRAM-SHA-256=[name=alice,password=secret]") != users


def test_a_salted_password_as_kafkas_tool_takes_it():
    salt = base64.b64encode(b"some salt").decode()
    salted = salted_password(SHA256, "secret", b"some salt", 8192)
    text = (
        f'SCRAM-SHA-256=[name=alice,iterations=8192,salt="{salt}",'
        f'saltedpassword="{base64.b64encode(salted).decode()}"]'
    )
    assert read(text) == {("alice", 1): credential_of(SHA256, salted, b"some salt", 8192)}


def test_several_and_quoted_ones():
    text = 'SCRAM-SHA-256=[name=a,password="x,]\\"y"], SCRAM-SHA-512=[name="b c",password=z],'
    users = read(text)
    assert list(users) == [("a", 1), ("b c", 2)]
    credential = users["a", 1]
    salted = salted_password(SHA256, 'x,]"y', credential.salt, 4096)
    assert credential == credential_of(SHA256, salted, credential.salt, 4096)


@pytest.mark.parametrize(
    "text",
    [
        "alice:hunter2", "SCRAM-SHA-256=[name=alice]", "SCRAM-SHA-1=[name=a,password=hunter2]",
        "SCRAM-SHA-256=[password=hunter2]", "SCRAM-SHA-256=[name=a,password=hunter2",
        "SCRAM-SHA-256=[name=a,password=hunter2,iterations=100]",
        "SCRAM-SHA-256=[name=a,password=hunter2,iterations=99999]",
        "SCRAM-SHA-256=[name=a,password=hunter2,iterations=x]",
        "SCRAM-SHA-256=[name=a,password=hunter2,saltedpassword=aaaa,salt=aaaa]",
        "SCRAM-SHA-256=[name=a,saltedpassword=aaaa]", "SCRAM-SHA-256=[name=a,passwort=hunter2]",
        "SCRAM-SHA-256=[name=a,salt=!,password=hunter2]",
        "SCRAM-SHA-256=[name=a,password=hunter2] hunter2",
    ],
)  # fmt: skip
def test_what_is_no_user(text: str):
    with pytest.raises(ConfigError, match=r"^logcore\.add\.scram: ") as caught:
        read(text)
    assert "hunter2" not in str(caught.value)


def test_only_those_who_are_not_there_are_added():
    users = read("SCRAM-SHA-256=[name=a,password=x],SCRAM-SHA-512=[name=a,password=x]")
    records, names = missing(EMPTY, users)
    assert (len(records), names) == (2, ["a", "a"])
    there = replace(EMPTY, scram={("a", 1): users["a", 1]})
    records, names = missing(there, users)
    assert [record.mechanism for record in records] == [2]
    assert missing(replace(EMPTY, scram=users), users) == ([], [])
