"""The Asterisk REST Interface: the asyncio client that ari-py (Python 2, dead) should have become."""
