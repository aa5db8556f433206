"""The `lled` command, and what the scripts share with it."""
