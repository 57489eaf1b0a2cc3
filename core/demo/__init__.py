"""The demo: two servers on this machine that federate, and a week in the life of a dozen people on them."""
