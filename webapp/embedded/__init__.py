"""Embedded PostgreSQL and Redis for development and small installations, and `manage.py up`.

`urls` and `secrets` are pure enough for settings to import; `servers` starts and stops the two servers;
`management/commands/up.py` runs the whole of Argus. Nothing here but the commands imports Django.
"""
