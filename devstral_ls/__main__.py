"""`python -m devstral_ls` is `devstral-ls`."""

from devstral_ls.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
