"""Answering who may do what: access rules, the audit of refusals, and the table of questions.

Invariant: handlers know only `logcore.broker.authorizer`, the question; whether rules, a test or
nobody answers it is decided where the broker is put together.
Neighbours: `logcore.controller.acls` keeps the rules; `server` has the answering one made here.
"""
