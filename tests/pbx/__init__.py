"""Asterisk's own files: nothing of theirs is lost, nothing of ours is left."""
