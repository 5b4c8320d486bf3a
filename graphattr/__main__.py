"""`python -m graphattr`."""

from graphattr.cli import main

if __name__ == "__main__":
    main()
