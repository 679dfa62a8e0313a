"""The two tables of the bare project, and its two statements."""

CREATE = """
CREATE TABLE item (
    id bigint PRIMARY KEY, rank bigint NOT NULL, state text NOT NULL, annotator int, shown jsonb NOT NULL);
CREATE TABLE verdict (
    id bigserial PRIMARY KEY, item bigint NOT NULL, annotator int NOT NULL, rejected bigint[] NOT NULL);
"""
FILL = """
INSERT INTO item SELECT n, n, 'open', NULL,
    '{"tags": [{"concept_id": 1, "text": "milk jug"}, {"concept_id": 2, "text": "metal cup"},
               {"concept_id": 3, "text": "coffee grinder"}, {"concept_id": 4, "text": "saucepan"},
               {"concept_id": 5, "text": "pewter mug"}]}'
FROM generate_series(1, %s) n
"""
INDEX = "CREATE INDEX item_open ON item (rank) WHERE state = 'open'"

TAKE = """
UPDATE item SET state = 'leased', annotator = %s
WHERE id = (SELECT id FROM item WHERE state = 'open' ORDER BY rank LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id, shown::text
"""
SUBMIT = """
WITH done AS (UPDATE item SET state = 'done' WHERE id = %(item)s AND annotator = %(annotator)s RETURNING id)
INSERT INTO verdict (item, annotator, rejected)
SELECT id, %(annotator)s, %(rejected)s::bigint[] FROM done RETURNING id
"""
