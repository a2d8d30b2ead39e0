"""Texts that are data: CSV and TSV, JSON, JSON Lines, and tables made of them."""
