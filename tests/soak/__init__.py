"""The soak: half an hour of random calls while something breaks every minute; then both sides are compared."""
