"""aiokafka, whose distribution has no tests: these are ours, of what its users ask of a broker."""
