"""Fetch all verified tags: python examples/fetch_export.py PROJECT FILE.jsonl   (ARGUS_URL and ARGUS_TOKEN are set).

Run it again after a broken connection: it goes on where it stopped.
"""

import sys

from argus_client import Client


def main(slug: str, target: str) -> None:
    with Client() as client:
        project = client.project(slug)
        finished = next((export for export in project.exports() if export.state == "done"), None)
        export = finished or project.export("tags").wait()
        export.download(target, progress=lambda done, total: print(f"\r{done:,} of {total:,} bytes", end=""))
        print(f"\n{export.meta()['records']:,} records, sha256 {export.facts['sha256']}")


if __name__ == "__main__":
    main(*sys.argv[1:3])
