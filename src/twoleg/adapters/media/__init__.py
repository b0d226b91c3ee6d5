"""The media adapters: each is a way for two phones to hear each other, behind `application.media`."""
