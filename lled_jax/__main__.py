"""``python -m lled_jax enhance dark.jpg``: the `lled` command."""

from lled_jax.cli.main import main

if __name__ == "__main__":
    main()
