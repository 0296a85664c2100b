"""`python -m clearleaf` is `clearleaf`."""

from clearleaf.cli import main

if __name__ == "__main__":
    main()
