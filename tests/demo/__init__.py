"""`python -m tests.demo`: real SIP calls through the ladder, shown as they climb, and checked."""
