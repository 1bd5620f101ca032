"""Rules for the names of principals, beside the class of Apache Kafka that applies them."""

import json
import subprocess
from pathlib import Path

import pytest

from logcore.broker.security.principal_mapping import PrincipalMapping
from logcore.common.config import ConfigError
from tests.broker.security.test_principal_mapping import DUKE, FOUR
from tests.peers import kafka

pytestmark = [pytest.mark.peer, pytest.mark.usefixtures("kafka_tools")]

RULES = [
    "DEFAULT", "", FOUR, "RULE:^CN=(.*?),.*$/$1/", "RULE:^CN=(.*?),.*$/$1/L", "RULE:CN=Duke/whole/",
    "RULE:^CN=(.*?),.*$/$1@$4/", "RULE:^CN=(.*?),.*$/$12/", "RULE:^CN=(.*?),.*$/$0/U",
    r"RULE:^CN=(.*?),.*$/a\/$1/", r"RULE:^CN=(.*?),.*$/\$1/", "RULE:(.*)/x$1/,DEFAULT",
    "RULE:^CN=(?<name>.*?),.*$/$1/", "RULE:^CN=(.*?), *OU=(.*?),.*$/$1 of $2/,DEFAULT",
    "RULE:^CN=(.*?),.*$/$1/ , DEFAULT ", "default", "RULE:a/b", "RULE:(/b/", "RULE:^.*$/same/",
    r"RULE:^CN=(\w+).*$/$1/",
]  # fmt: skip
SUBJECTS = [
    DUKE, "CN=Duke,OU=SME,O=mycp,L=Fulton,ST=MD,C=US", "cn=duke1,ou=SME", "OU=nobody", "",
    r"CN=a\,b,OU=c", "CN=jörg,OU=x", "CN=a", "O=x+CN=y,C=z",
]  # fmt: skip

JAVA = """
import java.nio.file.*; import java.util.*;
import org.apache.kafka.common.security.ssl.SslPrincipalMapper;
import com.fasterxml.jackson.databind.ObjectMapper;
class Mapped {
  public static void main(String[] args) throws Exception {
    ObjectMapper json = new ObjectMapper();
    List<List<String>> pairs = json.readValue(Files.readString(Path.of(args[0])), List.class);
    List<String> names = new ArrayList<>();
    for (List<String> pair : pairs) {
      String name;
      try { name = "=" + SslPrincipalMapper.fromRules(pair.get(0)).getName(pair.get(1)); }
      catch (Exception error) { name = "none"; }
      names.add(name);
    }
    Files.writeString(Path.of(args[1]), json.writeValueAsString(names));
  }
}
"""


def ours(rules: str, subject: str) -> str:
    try:
        name = PrincipalMapping(rules).name_of(subject)
    except ConfigError:
        return "none"
    return "none" if name is None else f"={name}"


def test_names_are_those_that_kafka_gives(tmp_path: Path):
    pairs = [(rules, subject) for rules in RULES for subject in SUBJECTS]
    (tmp_path / "pairs").write_text(json.dumps(pairs), encoding="utf-8")
    (tmp_path / "Mapped.java").write_text(JAVA, encoding="utf-8")
    command = ["java", "-cp", kafka.kafka_classpath(), "Mapped.java", "pairs", "names"]
    subprocess.run(command, check=True, cwd=tmp_path, timeout=60, capture_output=True)
    theirs = json.loads((tmp_path / "names").read_text(encoding="utf-8"))
    differing = [
        (pair, their, our)
        for pair, their in zip(pairs, theirs, strict=True)
        if (our := ours(*pair)) != their
    ]
    assert not differing, differing
