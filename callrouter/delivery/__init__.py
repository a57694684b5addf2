"""What is written to people goes out: into a directory, by mail, to a web hook."""
