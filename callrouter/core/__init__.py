"""The call as a value: events go in, commands come out; nothing here reads a clock or does I/O."""
