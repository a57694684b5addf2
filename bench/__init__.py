"""What a call costs: callrouter beside native Dial and app_queue, in one run on one machine. `make bench`."""
