"""What the facts mean together: linkage, includes.  Knows no tree-sitter."""
