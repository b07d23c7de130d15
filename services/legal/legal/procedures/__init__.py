"""What legal reads from outside: the list of its partners."""
