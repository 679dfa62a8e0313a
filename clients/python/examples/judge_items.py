"""Judge items in the terminal: python examples/judge_items.py PROJECT   (ARGUS_URL and ARGUS_TOKEN are set)."""

import sys
from pathlib import Path

from argus_client import ApiError, Client


def main(slug: str) -> None:
    with Client() as client:
        project = client.project(slug)
        for item in project.work():
            Path("item.webp").write_bytes(item.image())
            print(f"\nitem.webp, box {item.box}")
            for number, tag in enumerate(item.tags, start=1):
                print(f"  {number} {tag.text}")
            typed = input("wrong ones (such as 2 5), Enter for none, q to stop: ").split()
            if typed == ["q"]:
                break
            try:
                item.submit(item.tags[int(number) - 1] for number in typed)
            except ApiError as error:
                if error.code not in ("lease_lost", "held_back"):
                    raise
                print(error.message)
                item.is_over = True


if __name__ == "__main__":
    main(sys.argv[1])
