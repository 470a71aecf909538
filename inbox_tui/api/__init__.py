"""The wire: the only place that knows the gateway's JSON and httpx. It raises nothing but `core.errors`."""
