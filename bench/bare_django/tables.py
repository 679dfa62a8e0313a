"""The two tables of the bare project."""

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
