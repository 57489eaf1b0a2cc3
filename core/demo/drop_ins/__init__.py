"""Plugins that the demo drops into the folders of its servers."""
