"""`python -m mockglm`: the command line."""

from mockglm.cli import main

if __name__ == "__main__":
    main()
