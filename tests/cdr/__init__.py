"""Tests of what reads Asterisk's records."""
