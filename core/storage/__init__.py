"""Files: kept once by what they hold, however many things point at them."""
