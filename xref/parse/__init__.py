"""One file's bytes to facts.  Pure functions, no I/O."""
