"""What a worker shows over HTTP: whether it is ready, and its figures."""
