"""Signing in by an OpenID Connect provider that the admin has chosen."""
