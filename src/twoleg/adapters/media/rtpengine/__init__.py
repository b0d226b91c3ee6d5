"""rtpengine: daemons of its own kind, anywhere, asked over its ng protocol."""
