"""Region-Aware CLIP: a CLIP that embeds regions, by RoIAlign on its feature map (papers V1 appendix D.3).

`config` its sizes, `sources` where its parts come from, `towers` the image side, `texts` the tokenizer, `model` the
network, `predictor` its use.
"""

from ml import torchvision_compat as _torchvision_compat  # noqa: F401  (before open_clip, timm and transformers)
