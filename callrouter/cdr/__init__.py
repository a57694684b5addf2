"""Asterisk's own records, read back."""
