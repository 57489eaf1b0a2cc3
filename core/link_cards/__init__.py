"""What is behind a link: its title, a sentence and a picture, fetched once for all posts that lead there."""
