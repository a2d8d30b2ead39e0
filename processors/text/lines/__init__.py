"""Texts that are read line by line: logs, and the source code of programs."""
