"""Archives: all that is stored about a person, taken along and brought."""
