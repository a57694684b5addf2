"""The documentation, followed: what its pages tell to type is typed."""
