"""Tests of what a worker shows over HTTP."""
