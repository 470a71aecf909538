"""Settings of the whole suite."""

from hypothesis import HealthCheck, settings

# Machines are shared and noisy: how long an example takes says nothing about the rule it checks.
settings.register_profile("steady", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")
