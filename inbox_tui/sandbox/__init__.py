"""The embedded Postproxy server: its own reading of the seed, and a world of people behind it."""
