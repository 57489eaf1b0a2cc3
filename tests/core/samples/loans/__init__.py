"""A plugin of the library: who has which book."""
