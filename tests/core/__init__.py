"""The machine, proven: tables, stories, walks."""
