"""What the broker's keys of logins (SASL), tokens, and who may do what mean.

Invariant: every key of the table has its sentence, and no other.
Neighbours: `docs` reads these; `sasl_keys` is the table.
"""

from typing import Final

SASL_DOCS: Final = """
authorizer.class.name: The class that decides who may do what; empty for everybody everything.
connection.failed.authentication.delay.ms: How long the answer to a failed login is held back.
connections.max.reauth.ms: After how long at most a client must log in again; 0 for never.
delegation.token.expiry.check.interval.ms: How often it is looked for delegation tokens that have
    expired.
delegation.token.expiry.time.ms: How long a delegation token is good before it must be renewed.
delegation.token.max.lifetime.ms: How long a delegation token is good in all.
delegation.token.secret.key: The secret that delegation tokens are made and checked with; without
    it there are none.
principal.builder.class: A Java class that makes principals out of what clients showed.
sasl.client.callback.handler.class: A Java class that answers for this node when it logs in
    elsewhere.
sasl.enabled.mechanisms: The SASL mechanisms that clients may use.
sasl.jaas.config: The settings of the login module, in the format of JAAS files, one module a
    mechanism.
sasl.kerberos.kinit.cmd: The program that gets Kerberos tickets.
sasl.kerberos.min.time.before.relogin: How long at least lies between two refreshes of a Kerberos
    ticket.
sasl.kerberos.principal.to.local.rules: How Kerberos principals become users' names; the first
    rule that fits counts.
sasl.kerberos.service.name: The Kerberos name of the brokers.
sasl.kerberos.ticket.renew.jitter: Which part of the wait for a ticket's renewal is random.
sasl.kerberos.ticket.renew.window.factor: At which part of its life a ticket is renewed.
sasl.login.callback.handler.class: A Java class that answers the login module's questions.
sasl.login.class: A Java class that logs in.
sasl.login.connect.timeout.ms: How long connecting to an external provider of logins may take.
sasl.login.read.timeout.ms: How long an answer of an external provider of logins may take.
sasl.login.refresh.buffer.seconds: How long before its end at the latest a credential is
    refreshed.
sasl.login.refresh.min.period.seconds: How long at least lies between two refreshes of a
    credential.
sasl.login.refresh.window.factor: At which part of its life a credential is refreshed.
sasl.login.refresh.window.jitter: Which part of the wait for a credential's refresh is random.
sasl.login.retry.backoff.max.ms: The longest wait before an external provider of logins is asked
    again.
sasl.login.retry.backoff.ms: How long to wait before an external provider of logins is asked
    again.
sasl.mechanism.controller.protocol: The SASL mechanism of logins at controllers.
sasl.mechanism.inter.broker.protocol: The SASL mechanism of logins between brokers.
sasl.oauthbearer.assertion.algorithm: The algorithm by which assertions to the provider of tokens
    are signed.
sasl.oauthbearer.assertion.claim.aud: The audience that an assertion names.
sasl.oauthbearer.assertion.claim.exp.seconds: After how many seconds an assertion expires.
sasl.oauthbearer.assertion.claim.iss: The issuer that an assertion names.
sasl.oauthbearer.assertion.claim.jti.include: Whether an assertion carries a unique id.
sasl.oauthbearer.assertion.claim.nbf.seconds: How many seconds in the past an assertion begins to
    be good.
sasl.oauthbearer.assertion.claim.sub: The subject that an assertion names.
sasl.oauthbearer.assertion.file: A file with a ready-made assertion.
sasl.oauthbearer.assertion.private.key.file: The file of the private key that signs assertions.
sasl.oauthbearer.assertion.private.key.passphrase: The passphrase of that private key.
sasl.oauthbearer.assertion.template.file: A file with headers and claims that every assertion
    gets.
sasl.oauthbearer.client.credentials.client.id: The id by which this node asks the provider for a
    token.
sasl.oauthbearer.client.credentials.client.secret: The secret that goes with that id.
sasl.oauthbearer.clock.skew.seconds: How far the clocks of the provider of tokens and of this node
    may differ.
sasl.oauthbearer.expected.audience: The audiences of which a client's token must name one.
sasl.oauthbearer.expected.issuer: The issuer that a client's token must name.
sasl.oauthbearer.jwks.endpoint.refresh.ms: How often the provider's keys are fetched again.
sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms: The longest wait before fetching the
    provider's keys is tried again.
sasl.oauthbearer.jwks.endpoint.retry.backoff.ms: How long to wait before fetching the provider's
    keys is tried again.
sasl.oauthbearer.jwks.endpoint.url: Where the provider's keys are found, which tokens are checked
    with.
sasl.oauthbearer.jwt.retriever.class: A Java class that gets tokens.
sasl.oauthbearer.jwt.validator.class: A Java class that checks tokens.
sasl.oauthbearer.scope: The scope that this node asks a token for.
sasl.oauthbearer.scope.claim.name: The claim of a token that holds its scope.
sasl.oauthbearer.sub.claim.name: The claim of a token that holds its subject.
sasl.oauthbearer.token.endpoint.url: Where the provider hands out tokens.
sasl.server.callback.handler.class: A Java class that checks what clients log in with.
sasl.server.max.receive.size: The largest message of a login that is read.
security.providers: Java classes that bring security algorithms along.
"""
