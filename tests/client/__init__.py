"""The client core: what decides, without sockets; what performs, against real and lying brokers."""
