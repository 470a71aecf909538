"""inbox-tui: every direct message of a business in one terminal inbox."""

__version__ = "0.1.0"
