"""What legal shows beside the plumbing's figures: nothing of its own yet."""
