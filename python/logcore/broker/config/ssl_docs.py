"""What the broker's keys of TLS mean.

Invariant: every key of the table has its sentence, and no other.
Neighbours: `docs` reads these; `ssl_keys` is the table.
"""

from typing import Final

SSL_DOCS: Final = """
ssl.allow.dn.changes: Whether a new certificate of a listener may name another owner than the one
    it replaces.
ssl.allow.san.changes: Whether a new certificate of a listener may name other hosts than the one
    it replaces.
ssl.cipher.suites: The cipher suites that may be used; empty for the usual ones.
ssl.client.auth: Whether clients must show a certificate (required), may (requested), or are not
    asked (none).
ssl.enabled.protocols: The versions of TLS that may be used.
ssl.endpoint.identification.algorithm: How this node checks that a server's certificate names its
    host; empty for not at all.
ssl.engine.factory.class: A Java class that makes TLS engines.
ssl.key.password: The password of the private key, where it has one.
ssl.keymanager.algorithm: The algorithm of Java's key manager.
ssl.keystore.certificate.chain: The listener's certificate and those that vouch for it, as text in
    PEM format.
ssl.keystore.key: The listener's private key, as text in PEM format.
ssl.keystore.location: The file with the listener's private key and certificates.
ssl.keystore.password: The password of that file, where its format has one.
ssl.keystore.type: The format of that file: PEM is what is read here.
ssl.principal.mapping.rules: How the name in a client's certificate becomes a user's name.
ssl.protocol: The version of TLS that is preferred.
ssl.provider: The Java security provider of TLS.
ssl.secure.random.implementation: The Java random number generator of TLS.
ssl.trustmanager.algorithm: The algorithm of Java's trust manager.
ssl.truststore.certificates: The certificates that vouch for clients, as text in PEM format.
ssl.truststore.location: The file with the certificates that vouch for clients.
ssl.truststore.password: The password of that file, where its format has one.
ssl.truststore.type: The format of that file: PEM is what is read here.
"""
