"""The command line: for people by default, for machines with --json. The only place that prints."""
