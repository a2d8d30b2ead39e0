"""Texts with a structure: Markdown and HTML."""
