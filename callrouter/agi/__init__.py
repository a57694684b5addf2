"""FastAGI: the router decides and records, Asterisk's own dialplan dials."""
