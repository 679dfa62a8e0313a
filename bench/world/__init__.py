"""A synthetic world with known truth: scenes of named emoji on calm backgrounds, and people who look at them.

Seeds (`seeds`) and concepts (`concepts`, `concepts.csv`) make scenes (`scenes`, pure data), which are drawn
(`glyphs`, `backgrounds`, `rendering`), proposed (`proposals`) and written as COCO (`coco`). The truth of a scene
speaks through a small grammar (`nouns`, `language`, `captions`); `oracle` answers what an annotator can be asked,
`crowd` errs about it. docs/world.md explains it; `python -m bench.world --help` writes one.
"""
