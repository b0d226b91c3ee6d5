"""The outer world behind the ports: store, SIP engine, media, clock, secrets. Adapters do not know each other."""
