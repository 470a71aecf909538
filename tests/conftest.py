"""Settings of the whole suite."""

from hypothesis import HealthCheck, settings

from tests.effort import SOAK

# Machines are shared and noisy: how long an example takes says nothing about the rule it checks.
settings.register_profile("steady", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile(SOAK, settings.get_profile("steady"), print_blob=True)
settings.load_profile("steady")
