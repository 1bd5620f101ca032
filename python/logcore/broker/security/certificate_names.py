"""Names from certificates: who a client is that showed one to a listener.

Invariant: every connection that shows a certificate has a name from it before its first request, or
is closed; who shows none stays anonymous.
Neighbours: `logins` asks for these where a listener speaks TLS without SASL.
"""

from typing import Final

from logcore.broker.security.audit import LoginAudit
from logcore.broker.security.distinguished_name import MalformedCertificateError, subject_of
from logcore.broker.security.principal_mapping import KEY, PrincipalMapping
from logcore.common.principal import USER, Principal
from logcore.network.connection import Connection

_TLS: Final = "TLS"


class CertificateNames:
    """Names those who connect.

    Args:
        rules: The rules that make names of subjects (``ssl.principal.mapping.rules``).
        audit: Where logins are told.

    Raises:
        ConfigError: If the rules are not written as they should be.
    """

    def __init__(self, rules: str, audit: LoginAudit) -> None:
        self._mapping = PrincipalMapping(rules)
        self._audit = audit

    def identify(self, connection: Connection) -> None:
        """Name who showed a certificate."""
        certificate = connection.peer_certificate
        if certificate is None:
            return
        try:
            subject = subject_of(certificate)
        except MalformedCertificateError as error:
            self._refuse(connection, "", str(error))
            return
        name = self._mapping.name_of(subject)
        if name is None:
            self._refuse(connection, subject, f"no rule of {KEY} fits")
        else:
            connection.principal = Principal(USER, name)
            self._audit.succeeded(connection.listener_name, _TLS)

    def _refuse(self, connection: Connection, subject: str, reason: str) -> None:
        self._audit.failed(connection.listener_name, _TLS, connection.peer, subject, reason)
        connection.shut()
