"""`rclip:` backends: R-CLIP checkpoints at work in the pipeline."""
