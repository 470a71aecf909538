"""The truth: two SQLite files, and the only meeting point of the screen and the engine."""
