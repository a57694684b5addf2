"""FastAGI without and with a socket."""
