"""The SIP engine: drives the user agent with the call machine's effects, and tells the machine what phones do."""
