"""The images and compose.yaml, on a machine without a Docker engine."""
