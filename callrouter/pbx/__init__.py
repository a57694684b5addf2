"""Asterisk's own files: what callrouter puts into them, and how it leaves them as they were."""
