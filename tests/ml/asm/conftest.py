"""Tests here import timm and transformers directly, which need this first."""

from ml import torchvision_compat as _torchvision_compat  # noqa: F401
