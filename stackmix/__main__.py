"""`python -m stackmix`: the command line, for launchers that start a module in several processes."""

from stackmix.cli import main

if __name__ == "__main__":  # loader workers import this module too
    main()
