"""OAuth 2: apps that act for people, and the tokens they hold."""
