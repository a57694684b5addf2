"""The tests of callrouter."""
