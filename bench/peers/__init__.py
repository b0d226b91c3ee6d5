"""The same work done with other people's software; each file is a program of its own."""
