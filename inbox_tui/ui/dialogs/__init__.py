"""Dialogs over the inbox; each is imported when it is first opened."""
