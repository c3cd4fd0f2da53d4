"""The rewrites: one file each, named after the rewrite, installed as `packlint.fixers`."""
