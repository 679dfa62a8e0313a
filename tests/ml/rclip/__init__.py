from ml import torchvision_compat as _torchvision_compat  # noqa: F401  (before open_clip, timm and transformers)
