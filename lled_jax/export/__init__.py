"""A trained network as a file for another runtime, checked before it is handed out."""
