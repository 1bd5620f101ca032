"""One module per API of Apache Kafka 4.3: its request, its response and their structs, as tables.

Invariant: names, versions, defaults and order of fields are Kafka's; attributes are its field names
in snake_case. A struct of the request and a different one of the response that Kafka calls alike
are told apart by a prefix, `Request` or `Response`, and the module's docstring lists them.
Neighbours: `logcore.protocol.api_keys` says which API is which module; `logcore.protocol.types`
makes the fields. A module is imported when its API is first used.
"""
