"""The least a Django view can do to hand out items and take verdicts: what `bench.queue` compares Argus with.

No login, no roles, no CSRF, no middleware, no ledger; one table of items, one of verdicts; persistent connections, all
else as Django comes. Kept as it is, so that figures stay comparable.
"""
