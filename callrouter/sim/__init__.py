"""Calls without a telephone exchange: people, phones and a caller in virtual time."""
