"""`python -m terrace_cli` is `terrace`."""

from terrace_cli.main import cli

if __name__ == "__main__":
    cli()
