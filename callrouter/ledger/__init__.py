"""The Lost Call Rate and its kin: pure functions over call rows. A figure is always the length of a list."""
