"""Start the next loop and watch it: python examples/start_loop.py PROJECT [ITEMS]."""

import sys
import time

from argus_client import Client


def main(slug: str, budget: int | None) -> None:
    with Client() as client:
        loop = client.project(slug).start_loop(budget=budget)
        print(f"loop {loop.number} has started")
        while loop.refresh().state == "running":
            now = [f"{stage.name} {stage.done}/{stage.total}" for stage in loop.stages if stage.state == "now"]
            print(", ".join(now) or "waiting")
            time.sleep(10)
        print(loop.state, loop.facts["error"])


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else None)
