"""A little app with a history: the tests of the database and of migrations keep their books in it."""
