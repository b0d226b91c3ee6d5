"""The native face: our own REST under `/v1`, with problem details, pages by cursor, and streams of events."""
