"""How a file moves: the only package that imports the other two."""

__version__ = "0.1.0"
