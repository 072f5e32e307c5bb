"""`python -m xref`: the same as the command `xref`."""

if __name__ == "__main__":
    # Not at the top: the indexer's worker processes import this module and need none of it.
    from xref.cli import main

    main()
