"""`python -m xref`, and the command `xref`.

Imports nothing at the top: the indexer's worker processes import this module again and need none of it.
"""

import sys


def run() -> None:
    """Run the command line; Ctrl-C during the imports ends it as Ctrl-C does later."""
    try:
        from xref.cli import main
    except KeyboardInterrupt:
        sys.stderr.write("xref: interrupted: the index is as it was\n")
        sys.exit(130)
    main()


if __name__ == "__main__":
    run()
