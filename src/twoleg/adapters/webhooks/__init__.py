"""Taking webhooks to their receivers: HTTP with guarded addresses, bodies, signatures, tokens, sealed secrets."""
