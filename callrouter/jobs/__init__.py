"""What is done of itself, once for each date: by a command today."""
