"""A synthetic world with known truth: scenes of named emoji on calm backgrounds, and people who look at them.

Seeds (`seeds`) and concepts (`concepts`, `concepts.csv`) make scenes: what is wished for (`wishes`) finds its place
(`layout`) and becomes pure data (`scenes`), which is drawn (`glyphs`, `colours`, `backgrounds`, `rendering`),
proposed (`proposals`) and written as COCO (`coco`). The truth of a scene speaks through a small grammar (`nouns`,
`language`, `captions`); `oracle` answers what an annotator can be asked, `crowd` errs about it. docs/world.md
explains it; `python -m bench.world --help` writes one.
"""
