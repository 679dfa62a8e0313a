"""The automatic pipeline's logic: plain values in, plain values out. Nothing here touches the database."""
