"""`python -m gammacore` is the command line. Rule: OP-801."""

from gammacore_cli.main import main

if __name__ == "__main__":
    main()
