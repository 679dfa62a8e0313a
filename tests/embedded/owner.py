"""`python -m tests.embedded.owner VAR_DIR`: runs the servers until its standard input closes, to be killed by tests."""

import sys
from pathlib import Path

from webapp.embedded.errors import EmbeddedServersError
from webapp.embedded.servers import EmbeddedServers


def main() -> None:
    try:
        with EmbeddedServers(Path(sys.argv[1])):
            print("ready", flush=True)
            sys.stdin.read()
    except EmbeddedServersError as error:
        print(f"refused: {error}", flush=True)


if __name__ == "__main__":
    main()
