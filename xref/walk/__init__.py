"""The document "Path of a packet", made checkable: its path, its claims, and the model's steps, held against a tree."""
