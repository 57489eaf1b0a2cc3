"""Examines a server for what is broken, weak or about to fail, and says how to mend it."""
