"""Rules name those who show certificates, as Apache Kafka's do."""

import pytest

from logcore.broker.security.principal_mapping import PrincipalMapping
from logcore.common.config import ConfigError

DUKE = "CN=Duke,OU=ServiceUsers,O=Org,C=US"
FOUR = ", ".join(
    (
        "RULE:^CN=(.*?),OU=ServiceUsers.*$/$1/",
        "RULE:^CN=(.*?), *OU=(.*?), *O=(.*?), *L=(.*?), *ST=(.*?), *C=(.*?)$/$1@$2/L",
        "RULE:^.*[Cc][Nn]=([a-zA-Z0-9.]*).*$/$1/U",
        "DEFAULT",
    )
)


@pytest.mark.parametrize(
    ("rules", "subject", "name"),
    [
        ("DEFAULT", DUKE, DUKE),
        ("", DUKE, None),
        (FOUR, DUKE, "Duke"),
        (FOUR, "CN=Duke,OU=SME,O=mycp,L=Fulton,ST=MD,C=US", "duke@sme"),
        (FOUR, "cn=duke1,ou=SME,o=mycp", "DUKE1"),
        (FOUR, "OU=nobody", "OU=nobody"),
        ("RULE:^CN=(.*?),.*$/$1/", "OU=nobody", None),
        ("RULE:^CN=(.*?),.*$/$1/L", DUKE, "duke"),
        ("RULE:CN=Duke/whole/", DUKE, None),
        ("RULE:^CN=(.*?),.*$/$1@$4/", DUKE, "Duke@$4"),
        ("RULE:^CN=(.*?),.*$/$12/", DUKE, "Duke2"),
        ("RULE:^CN=(.*?),.*$/$0/", "CN=a,", "CN=a,"),
        (r"RULE:^CN=(.*?),.*$/a\/$1/", DUKE, "a/Duke"),
        (r"RULE:^CN=(.*?),.*$/\$1/", DUKE, "$1"),
        (r"RULE:^CN=a\/b$/x/,DEFAULT", "CN=a/b", "x"),
        ("RULE:^CN=(.*?),.*$/$1/ , DEFAULT ", DUKE, "Duke"),
        ("RULE:^CN=(?<name>.*?),.*(?<=C=)US$/$1/", DUKE, "Duke"),
        ("RULE:(.*)/x$1/", "CN=a", "xCN=ax"),
    ],
)
def test_names(rules: str, subject: str, name: str | None):
    assert PrincipalMapping(rules).name_of(subject) == name


@pytest.mark.parametrize(
    "rules",
    [
        "default", "RULE:", "RULE:a", "RULE:a/b", "RULE:(/b/", "RULE:a/b/X", "DEFAULT,RULE:",
        "RULE:a/b/LU", "DEFAULT DEFAULT",
    ],
)  # fmt: skip
def test_what_is_no_rule(rules: str):
    with pytest.raises(ConfigError, match=r"^ssl\.principal\.mapping\.rules: "):
        PrincipalMapping(rules)
