"""The All-Seeing Model: one network that answers questions about regions and matches regions with texts (papers V1 §4).

It is assembled from parts of other libraries, so importing it needs torch, transformers, timm, open_clip and peft.
"""

from ml import torchvision_compat as _torchvision_compat  # noqa: F401  (before transformers, timm and open_clip)
