"""A client of schema registries that speak Confluent's API.

Invariant: what goes over the wire is decided in `answers` and `schema`, and done in `transport`.
Neighbours: the serializers of the room above ask it; `logcore.serialization` lists what is public.
Source: Confluent's Schema Registry API reference, for paths, bodies and error codes.
"""
