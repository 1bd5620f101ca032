"""What every test shares: how Hypothesis runs, and the peers' fixtures.

Invariant: a failing property test prints what replays it.
"""

from hypothesis import settings

settings.register_profile("logcore", deadline=None, print_blob=True)
settings.load_profile("logcore")
