"""Print what pyproject.toml asks for, one requirement a line: `scripts/requirements.py [EXTRA …]`.

For images that install the dependencies in a layer of their own, before the code is copied.
"""

import sys
import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).resolve().parent.parent / "pyproject.toml").read_text())["project"]
wanted = [
    *project["dependencies"],
    *(line for extra in sys.argv[1:] for line in project["optional-dependencies"][extra]),
]
print("\n".join(wanted))
