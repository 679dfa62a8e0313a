"""Reads of the Explore page. Every read is bounded: by a key and a limit, or by what one photo holds."""
