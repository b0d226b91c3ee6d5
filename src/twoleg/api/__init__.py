"""HTTP: what clients speak to. Here is the thin layer over ASGI that every face shares; each face has its own room."""
