"""What the router does by itself."""
