"""Getting and reading source trees: fetch, walk, file kinds, text.  Knows no database and no terminal."""
