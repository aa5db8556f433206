"""Where pairs come from, in which order, and how batches of them are made."""
