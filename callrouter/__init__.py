"""callrouter: the call router that a sales department puts on its Asterisk PBX so that no client is lost."""

__version__ = "0.1.0"
