"""rtp-io: RTPProxy as a library, in a process of its own that the service starts and restarts; nothing to install."""
