"""The site over an index: Flask, one module a view.  Uses `xref`, and nothing uses it."""
