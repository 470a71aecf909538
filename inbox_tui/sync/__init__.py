"""The engine: what the API says into the cache, and what the person wrote to the API. It knows no screen."""
