"""The composition root: every part of a worker is built here, by hand."""
