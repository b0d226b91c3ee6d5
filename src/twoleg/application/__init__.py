"""Use cases, one verb a file. They know the domain and the ports, never an adapter."""
