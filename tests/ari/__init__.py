"""The adapter to Asterisk, against a small ARI over real loopback sockets."""
