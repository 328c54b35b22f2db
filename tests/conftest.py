"""Settings of every test run."""

from hypothesis import settings

# A machine that is busy for a moment must not fail a property; pytest's own timeout bounds each test.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
