"""Kith's core: the nouns everybody shares, and the borders."""

__version__ = "0.1.0"
PLUGIN_API = "1.0"
