"""The rules of the inbox: pure functions and frozen data, no input or output."""
