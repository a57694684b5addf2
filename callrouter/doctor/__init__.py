"""The doctor: what has to be right for a call to be routed, looked at one thing at a time."""
