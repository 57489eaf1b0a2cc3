"""Mail that leaves the house: written and queued with what it tells of, sent soon after."""
