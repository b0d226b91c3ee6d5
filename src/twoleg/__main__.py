"""`python -m twoleg`: the command line, and the hidden commands by which a service starts its own child processes."""

from __future__ import annotations

import sys

from twoleg.bootstrap import child


def main() -> int:
    """Be a child of a service, or the command line. Answers the exit code."""
    role = child.COMMANDS.get(sys.argv[1]) if len(sys.argv) == 2 else None
    if role is not None:
        return child.main(role)
    from twoleg.cli.app import main as command_line  # noqa: PLC0415 - children need no command line

    return command_line()


if __name__ == "__main__":
    sys.exit(main())
