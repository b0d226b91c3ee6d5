"""Measurements of the real service against its peers: `python -m bench` prints one table. No test needs a figure."""
