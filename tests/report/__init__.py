"""Tests of the nightly export's content."""
