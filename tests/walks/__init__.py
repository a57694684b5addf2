"""Random walks: long, and run beside what is not pure."""
