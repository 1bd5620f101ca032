"""The brokers for tests, their faults and the plugin, tried on themselves."""
