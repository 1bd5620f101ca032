"""From the subject of a certificate to the name of a principal: ``ssl.principal.mapping.rules``.

Invariant: the first rule that fits decides; where none fits there is no principal, and whoever
showed the certificate is not served. A rule that cannot be read stops the start.
Neighbours: `distinguished_name` writes the subject; `logins` asks for each connection.
Source: Apache Kafka 4.3.1, `SslPrincipalMapper`, for the syntax.
"""

import re
from dataclasses import dataclass
from typing import Final

from logcore.common.config import ConfigError

KEY: Final = "ssl.principal.mapping.rules"
_PART: Final = r"((?:\\.|[^\\/])*)"
_RULE: Final = re.compile(rf"\s*(?:(DEFAULT)|RULE:{_PART}/{_PART}/([LU]?))\s*(?:,|$)", re.DOTALL)
_REFERENCE: Final = re.compile(r"\\(.)|\$(\d+)", re.DOTALL)
_JAVAS_NAMED_GROUP: Final = re.compile(r"(?<!\\)\(\?<(?![=!])")


@dataclass(frozen=True, slots=True)
class _Rule:
    """One rule; without a pattern it takes the subject as it is."""

    pattern: re.Pattern[str] | None = None
    replacement: str = ""
    case: str = ""

    def apply(self, subject: str) -> str | None:
        """Return the name that it gives a subject; None if it does not fit."""
        if self.pattern is None:
            return subject
        if self.pattern.fullmatch(subject) is None:
            return None
        name = self.pattern.sub(self._replaced, subject)  # each match, as Java's replaceAll
        return {"L": name.lower(), "U": name.upper()}.get(self.case, name)

    def _replaced(self, found: "re.Match[str]") -> str:
        return _REFERENCE.sub(lambda reference: _referenced(reference, found), self.replacement)


class PrincipalMapping:
    """Names those who show certificates.

    Args:
        text: The rules, separated by commas.

    Raises:
        ConfigError: If they are none.

    Example:
        >>> PrincipalMapping("RULE:^CN=(.*?),.*$/$1/L,DEFAULT").name_of("CN=Bob,OU=x")
        'bob'
    """

    def __init__(self, text: str) -> None:
        self._rules = _rules(text.strip())

    def name_of(self, subject: str) -> str | None:
        """Return the name of a subject; None if no rule fits."""
        names = (rule.apply(subject) for rule in self._rules)
        return next((name for name in names if name is not None), None)


def _rules(text: str) -> list[_Rule]:
    rules, position = [], 0
    while position < len(text):
        found = _RULE.match(text, position)
        if found is None:
            raise _error(f"from here on it is no rule: {text[position:]}")
        position = found.end()
        if found[1]:
            rules.append(_Rule())
            continue
        try:
            pattern = re.compile(_JAVAS_NAMED_GROUP.sub("(?P<", found[2]), re.ASCII)
        except re.error as error:
            raise _error(f"{found[2]} is no pattern: {error}") from error
        rules.append(_Rule(pattern, found[3], found[4]))
    return rules


def _referenced(reference: "re.Match[str]", found: "re.Match[str]") -> str:
    """Return what a reference stands for: a group, or itself where there is no such group."""
    if reference[1] is not None:
        return reference[1]
    digits, count = reference[2], found.re.groups
    for length in range(len(digits), 0, -1):
        if int(digits[:length]) <= count:
            return (found[int(digits[:length])] or "") + digits[length:]
    return reference[0]


def _error(problem: str) -> ConfigError:
    return ConfigError(f"{KEY}: {problem}", key=KEY)
