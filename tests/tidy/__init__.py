"""Style as tests: what a reviewer said twice, said by a machine."""
