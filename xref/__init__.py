"""Understand a C source tree: cross-reference, call paths, walkthroughs.  See docs/design.md."""
