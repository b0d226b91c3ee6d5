"""An hour of calls, and what they leave behind: memory, handles, threads, delays, files. `python -m bench.soak`."""
