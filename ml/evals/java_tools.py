"""The Java programs that pycocoevalcap brings: the Penn Treebank tokenizer, METEOR 1.5 and SPICE.

They run with UTF-8 and English number formats whatever the locale, and write nothing beside the installed package.
"""

from __future__ import annotations

import atexit
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ml.evals.inputs import InputError

# What the tokenizer of pycocoevalcap drops after tokenization.
PUNCTUATION = frozenset(
    ["''", "'", "``", "`", "-LRB-", "-RRB-", "-LCB-", "-RCB-", ".", "?", "!", ",", ":", "-", "--", "...", ";"]
)
SPICE_FILES = ("spice-1.0.jar", "lib/stanford-corenlp-3.6.0.jar", "lib/stanford-corenlp-3.6.0-models.jar")
_JAVA_OPTIONS = ("-Dfile.encoding=UTF-8", "-Duser.language=en", "-Duser.country=US")


class JavaMissing(InputError):
    """A metric needs Java, and there is none."""


def java() -> str:
    """The java command. Raises JavaMissing."""
    command = shutil.which("java")
    if command is None:
        raise JavaMissing(
            "METEOR, SPICE and the PTB tokenizer need Java, and no 'java' is on the PATH: install a Java runtime, or "
            "ask for --metrics bleu,rouge,cider with --tokenizer none"
        )
    return command


def package_folder(part: str) -> Path:
    """The folder of pycocoevalcap's `part`. Raises InputError when the package is not installed."""
    found = find_spec("pycocoevalcap")
    if found is None or not found.submodule_search_locations:
        raise InputError("pycocoevalcap is not installed: install the extra 'models'")
    return Path(next(iter(found.submodule_search_locations))) / part


def tokenized(texts: Sequence[str]) -> list[str]:
    """Each text in lower case as tokens with single spaces, without punctuation (CoreNLP 3.4.1's PTB rules)."""
    if not texts:
        return []
    jar = package_folder("tokenizer") / "stanford-corenlp-3.4.1.jar"
    program = [java(), *_JAVA_OPTIONS, "-cp", str(jar), "edu.stanford.nlp.process.PTBTokenizer"]
    with tempfile.TemporaryDirectory() as folder:
        lines = Path(folder) / "texts"
        # A last word of our own keeps empty texts at the end apart from the end itself.
        lines.write_text("".join(f"{one_line(text)}\n" for text in [*texts, "end"]), encoding="utf-8")
        options = ["-preserveLines", "-lowerCase", "-encoding", "UTF-8"]
        done = subprocess.run([*program, *options, str(lines)], capture_output=True, check=False)
    if done.returncode:
        raise InputError(f"the PTB tokenizer failed: {done.stderr.decode(errors='replace').strip()[-300:]}")
    tokens = done.stdout.decode("utf-8").split("\n")[: len(texts) + 1]
    if len(tokens) != len(texts) + 1 or tokens[-1] != "end":
        raise InputError(f"the PTB tokenizer made {len(tokens)} lines of {len(texts) + 1}: a text breaks its lines")
    return [" ".join(word for word in line.split(" ") if word and word not in PUNCTUATION) for line in tokens[:-1]]


def one_line(text: str) -> str:
    """The text with single spaces for every kind of white space, without METEOR's separator."""
    return " ".join(text.replace("|||", " ").split())


@lru_cache(maxsize=1)
def meteor() -> Any:
    """The METEOR 1.5 scorer of this process (pycocoevalcap's protocol: compute_score(references, captions)).

    It takes seconds to start, so it stays until the process ends, or until `forget_meteor`.
    """
    from pycocoevalcap.meteor.meteor import Meteor

    jar = package_folder("meteor") / "meteor-1.5.jar"
    command = [java(), *_JAVA_OPTIONS, "-Xmx2G", "-jar", str(jar), "-", "-", "-stdio", "-l", "en", "-norm"]

    class LocalMeteor(Meteor):  # type: ignore[misc]
        def __init__(self) -> None:
            self.lock = threading.Lock()
            pipe = subprocess.PIPE
            self.meteor_p = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL)
            atexit.register(self.close)

        def close(self) -> None:
            self.meteor_p.kill()
            self.meteor_p.communicate()
            atexit.unregister(self.close)

        def __del__(self) -> None:
            """Closed by `close`; the parent class would close a second time."""

    return LocalMeteor()


def forget_meteor() -> None:
    """Ends the scorer after a failure, so that the next one starts afresh."""
    meteor().close()
    meteor.cache_clear()


def missing_for_spice() -> list[str]:
    """What SPICE lacks here; empty when it can run. Nothing is ever downloaded."""
    folder = package_folder("spice")
    missing = [str(folder / name) for name in SPICE_FILES if not (folder / name).is_file()]
    return missing if shutil.which("java") else ["java", *missing]
