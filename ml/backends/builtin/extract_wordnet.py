"""Makes data/wordnet.json.gz, the part of WordNet 3.0 that names things one can see in a photo, and beside it
data/glosses.json.gz, what each of these synsets means.

    python -m ml.backends.builtin.extract_wordnet /usr/share/wordnet

reads `data.noun`, `index.noun`, `index.adj`, `index.verb`, `cntlist.rev` and the exception lists (Debian:
package wordnet-base; formats in wndb(5WN), senseidx(5WN)) and writes the extract next to the licence,
data/LICENSE.wordnet. The same input gives the same bytes. `wordnets.py` reads the extract.

A sense can be depicted when its hypernyms lead to *physical entity*, processes excepted, or to one of the few
abstract classes that cameras see all the same (people, signs, herds, clouds, waves). Instances (Paris) and
Latin names are left out.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

TARGET: Final = Path(__file__).parent / "data" / "wordnet.json.gz"
GLOSSES: Final = "glosses.json.gz"

PHYSICAL_ENTITY: Final = ("physical_entity", 1)
PROCESS: Final = ("process", 6)
KINDS_SEEN: Final = (
    ("animal_group", 1),
    ("atmospheric_phenomenon", 1),
    ("cloud", 1),
    ("sign", 2),
    ("vegetation", 1),
    ("visual_signal", 1),
)
"""Seen in photos with all that is below them, though not (or only as a process) a physical entity."""
SENSES_SEEN: Final = (
    ("audience", 1),
    ("band", 2),
    ("couple", 1),
    ("crew", 1),
    ("crowd", 1),
    ("family", 2),
    ("fire", 3),
    ("logo", 1),
    ("menu", 1),
    ("people", 1),
    ("rainbow", 1),
    ("reflection", 2),
    ("shadow", 1),
    ("surf", 1),
    ("team", 1),
    ("traffic", 1),
    ("wave", 1),
)
"""The same, for the sense alone."""
MAX_WORDS: Final = 4
LEXICOGRAPHER_FILES_IN_LATIN: Final = frozenset({"05", "20"})
"""Animals and plants: their capitalised lemmas are genus and family names."""


@dataclass(frozen=True, slots=True)
class Synset:
    words: tuple[str, ...]
    file: str
    hypernyms: tuple[str, ...]
    parts: tuple[str, ...]
    is_instance: bool


class Source:
    """A WordNet 3.0 dictionary folder, parsed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _rows(self, name: str) -> Iterator[list[str]]:
        with (self.folder / name).open(encoding="latin-1") as file:
            for line in file:
                if not line.startswith("  "):
                    yield line.split(" | ", 1)[0].split()

    @cached_property
    def synsets(self) -> dict[str, Synset]:
        return {row[0]: _synset(row) for row in self._rows("data.noun")}

    @cached_property
    def senses(self) -> dict[str, list[str]]:
        """Lemma -> synset offsets, most frequent sense first."""
        return {row[0]: row[-int(row[2]) :] for row in self._rows("index.noun")}

    @cached_property
    def counts(self) -> dict[str, dict[str, dict[int, int]]]:
        """Part of speech (1 noun, 2 verb, 3 and 5 adjective) -> lemma -> sense number -> times tagged."""
        counts: dict[str, dict[str, dict[int, int]]] = defaultdict(lambda: defaultdict(dict))
        for key, number, count in self._rows("cntlist.rev"):
            lemma, rest = key.split("%")
            counts[rest[0]][lemma][int(number)] = int(count)
        return counts

    @cached_property
    def glosses(self) -> dict[str, str]:
        """Synset offset -> what it means, without the examples that follow in quotes."""
        glosses = {}
        with (self.folder / "data.noun").open(encoding="latin-1") as file:
            for line in file:
                if not line.startswith("  "):
                    row, gloss = line.split(" | ", 1)
                    glosses[row.split()[0]] = gloss.split('; "', 1)[0].strip()
        return glosses

    def lemmas(self, index: str) -> list[str]:
        return [row[0] for row in self._rows(index)]

    def exceptions(self, name: str) -> dict[str, str]:
        """Irregular form -> base form."""
        return {row[0]: row[1] for row in self._rows(name)}

    def offset(self, sense: tuple[str, int]) -> str:
        lemma, number = sense
        return self.senses[lemma][number - 1]


def _synset(row: list[str]) -> Synset:
    words = int(row[3], 16)
    pointers = row[5 + 2 * words :]
    triples = [(pointers[at], pointers[at + 1]) for at in range(0, len(pointers), 4)]
    return Synset(
        words=tuple(row[4 : 4 + 2 * words : 2]),
        file=row[1],
        hypernyms=tuple(target for symbol, target in triples if symbol in {"@", "@i"}),
        parts=tuple(target for symbol, target in triples if symbol == "%p"),
        is_instance=any(symbol == "@i" for symbol, _ in triples),
    )


def depictable(source: Source) -> set[str]:
    """Offsets of the synsets that can be seen in a photo."""
    children: dict[str, list[str]] = defaultdict(list)
    for offset, synset in source.synsets.items():
        for hypernym in synset.hypernyms:
            children[hypernym].append(offset)

    def below(root: str, without: frozenset[str] = frozenset()) -> set[str]:
        found, todo = set(), [root]
        while todo:
            offset = todo.pop()
            if offset not in found and offset not in without:
                found.add(offset)
                todo += children[offset]
        return found

    seen = below(source.offset(PHYSICAL_ENTITY), frozenset({source.offset(PROCESS)}))
    for kind in KINDS_SEEN:
        seen |= below(source.offset(kind))
    seen |= {source.offset(sense) for sense in SENSES_SEEN}
    return {offset for offset in seen if not source.synsets[offset].is_instance}


def extract(folder: Path) -> dict[str, Any]:
    """The extract as plain JSON values; `wordnets.py` says what they mean."""
    source = Source(folder)
    seen = depictable(source)
    nouns: dict[str, list[int]] = {}
    numbers = {offset: number for number, offset in enumerate(sorted(seen))}
    for lemma, offsets in sorted(source.senses.items()):
        counts = source.counts["1"].get(lemma, {})
        senses = [
            (numbers[offset], counts.get(place, 0))
            for place, offset in enumerate(offsets, 1)
            if offset in seen and not _latin(lemma, source.synsets[offset])
        ]
        if senses and lemma.count("_") < MAX_WORDS and not lemma[0].isdigit():
            nouns[lemma] = [sum(counts.values()), *(value for sense in senses for value in sense)]
    synsets = [source.synsets[offset] for offset in sorted(seen)]
    return {
        "source": "WordNet 3.0",
        "words": [synset.words[0] for synset in synsets],
        "files": [int(synset.file) for synset in synsets],
        "hypernyms": [[numbers[up] for up in synset.hypernyms if up in seen] for synset in synsets],
        "parts": {
            number: parts
            for number, synset in enumerate(synsets)
            if (parts := [numbers[part] for part in synset.parts if part in seen])
        },
        "nouns": nouns,
        "noun_totals": _totals(source, "1", [lemma for lemma in source.senses if "_" not in lemma], nouns),
        "noun_forms": source.exceptions("noun.exc"),
        "verbs": _totals(source, "2", source.lemmas("index.verb")),
        "verb_forms": source.exceptions("verb.exc"),
        "adjectives": _totals(source, "35", source.lemmas("index.adj")),
    }


def glosses(folder: Path) -> list[str]:
    """What each synset of the extract means, in its order."""
    source = Source(folder)
    return [source.glosses[offset] for offset in sorted(depictable(source))]


def _latin(lemma: str, synset: Synset) -> bool:
    spelling = {word.lower(): word for word in synset.words}.get(lemma, lemma)
    return synset.file in LEXICOGRAPHER_FILES_IN_LATIN and spelling[0].isupper() and "_" not in lemma


def _totals(source: Source, parts_of_speech: str, lemmas: list[str], without: Collection[str] = ()) -> dict[str, int]:
    """Lemma of one word -> times tagged, over all its senses."""
    return {
        lemma: sum(sum(source.counts[part].get(lemma, {}).values()) for part in parts_of_speech)
        for lemma in sorted(lemmas)
        if "_" not in lemma and lemma not in without
    }


def packed(extract: Mapping[str, Any] | Sequence[str]) -> bytes:
    """Compressed JSON, the same bytes for the same extract."""
    text = json.dumps(extract, separators=(",", ":"), ensure_ascii=True)
    return gzip.compress(text.encode(), compresslevel=9, mtime=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path, help="a WordNet 3.0 dictionary folder")
    parser.add_argument("--out", type=Path, default=TARGET)
    arguments = parser.parse_args()
    made: dict[Path, Mapping[str, Any] | Sequence[str]] = {
        arguments.out: extract(arguments.folder),
        arguments.out.with_name(GLOSSES): glosses(arguments.folder),
    }
    for target, values in made.items():
        content = packed(values)
        target.write_bytes(content)
        print(f"{target}: {len(content):,} bytes")  # noqa: T201  this is a command


if __name__ == "__main__":
    main()
