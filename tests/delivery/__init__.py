"""Delivery against real servers on loopback."""
