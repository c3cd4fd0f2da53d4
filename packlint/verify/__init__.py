"""What packlint says is right is run: the original, its rewrite, and each sequence alone."""
