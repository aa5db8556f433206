"""Several methods side by side: result folders of evaluate.py into one report."""
