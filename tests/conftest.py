"""Settings of the whole suite."""

from hypothesis import HealthCheck, settings

from tests.effort import SOAK

# Machines are shared and noisy: how long an example takes says nothing about the rule it checks.
# A run tells of the change that it is run on: its examples are those of the run before, new ones the soak's.
settings.register_profile(
    "steady", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(SOAK, settings.get_profile("steady"), derandomize=False, print_blob=True)
settings.load_profile("steady")
