"""From raw captures of a relay to a WAV file, and where finished files are kept."""
