"""One module a view: each makes a record, and from it the page and the JSON."""
