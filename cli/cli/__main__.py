"""`python -m cli`: what the bootstrap script runs."""

from cli.app import run

if __name__ == "__main__":
    run()
