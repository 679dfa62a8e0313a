"""What stands around the work in the project of `bench.lists`: gold items, questions that three people judge, audits,
threads, shards, teams, invitations, exports and messages; as much of each as years bring.

Items, slots and verdicts of the questions are numbered from a billion on.
"""

SURROUNDINGS = (
    # Gold items.
    """INSERT INTO verification_golditem (id, item_id, source_id, choice, rejected_ids)
       OVERRIDING SYSTEM VALUE
       SELECT id, id, 6, '', '{}' FROM verification_sampleitem WHERE is_gold""",
    """INSERT INTO verification_goldslot (id, project_id, gold_id, assignment_id, annotator_id)
       OVERRIDING SYSTEM VALUE
       SELECT slot.id, 1, slot.item_id, slot.id, slot.annotator_id
       FROM verification_golditem gold JOIN verification_assignment slot ON slot.item_id = gold.item_id
       WHERE slot.state = 'done'""",
    # Questions: three people judge each; the latest thousands are in packages of what most of them said.
    """INSERT INTO verification_sampleitem (id, sample_id, image_id, region_ids, question_answer_id, shown,
                                            inclusion_probability, reason, state)
       OVERRIDING SYSTEM VALUE
       SELECT 1000000000 + id, 2, image_id, region_ids, id,
              '{"tag": {"concept_id": 1, "text": "thing 1"}, "question": "What colour is it?",
                "answer": "It is red.", "others": [{"question": "Where is it?", "answer": "On a table."}]}',
              0.1, 'concept', 'open'
       FROM verification_sampleitem WHERE id <= 6000""",
    """INSERT INTO verification_assignment (id, sample_id, item_id, round, slot, rank, state, annotator_id, verdict_id)
       OVERRIDING SYSTEM VALUE
       SELECT number, 2, item.id, 0, slot, item.id, 'done', 1 + (item.id / 20 + slot * 67) %% %(judges)s::int, number
       FROM verification_sampleitem item CROSS JOIN generate_series(0, 2) slot
       CROSS JOIN LATERAL (SELECT item.id + slot * 10000 AS number) each
       WHERE item.sample_id = 2""",
    """INSERT INTO verification_verdict (id, assignment_id, item_id, annotator_id, key, choice, rejected_ids,
                                         is_withdrawal, seconds, created_at)
       OVERRIDING SYSTEM VALUE
       SELECT id, id, item_id, annotator_id, gen_random_uuid(),
              CASE WHEN hashint8(id) %% 10 = 0 THEN 'wrong_answer' ELSE 'correct' END, '{}', false, 9,
              now() - make_interval(secs => %(days)s * 86400.0 * (6000 - item_id %% 10000) / 6000)
       FROM verification_assignment WHERE sample_id = 2""",
    """INSERT INTO verification_packageitem (id, package_id, item_id, position, verdict_ids, choice, rejected_ids,
                                             round, is_live)
       OVERRIDING SYSTEM VALUE
       SELECT item_id, 1000000001 + item_id %% 10000 / 100 %% 30, item_id, item_id %% 100,
              array_agg(id), 'correct', '{}', 0, true
       FROM verification_assignment WHERE sample_id = 2 AND item_id > 1000003000 GROUP BY item_id""",
    """INSERT INTO verification_reviewpackage (id, project_id, sample_id, author_id, attempt, size, threshold, state,
                                               expert_id, right_items, decided_at)
       OVERRIDING SYSTEM VALUE
       SELECT package_id, 1, 2, NULL, 1, count(*), 0.95, 'accepted', %(lead)s, count(*), now()
       FROM verification_packageitem WHERE package_id > 1000000000 GROUP BY package_id""",
    """INSERT INTO verification_ruling (id, package_item_id, expert_id, agrees, choice, rejected_ids, reason, seconds)
       OVERRIDING SYSTEM VALUE
       SELECT id, id, %(lead)s, true, 'correct', '{}', '', 2
       FROM verification_packageitem WHERE package_id > 1000000000""",
    # The shards of the loop that was annotated last, of the very first one, and what failed in them.
    """INSERT INTO annotation_stagerun (loop_id, stage, shard, image_ids, state, attempt, counts, timings, error,
                                        started_at, finished_at)
       SELECT loop.id, stage.name, shard, ARRAY(SELECT generate_series(shard * 16 + 1, shard * 16 + 16)), 'done', 1,
              '{"images": 16, "failed": 0, "regions": 320, "tags": 400}', '{}', '', now() - interval '1 minute', now()
       FROM (VALUES (1), (10)) loop (id)
       CROSS JOIN (VALUES ('tag'), ('localize'), ('match'), ('clean'), ('describe')) stage (name)
       CROSS JOIN generate_series(0, %(regions)s::int / %(per)s::int / 16) shard""",
    """INSERT INTO annotation_stagefailure (stage_run_id, image_id, role, reason)
       SELECT run.id, run.image_ids[1], '', 'The photo is cut off.'
       FROM annotation_stagerun run WHERE run.loop_id = 1 ORDER BY run.id LIMIT 20000""",
    # Four audits of each finished loop, judged by now.
    """INSERT INTO verification_audit (id, project_id, loop_id, population, task_kind, seed, size, overlap_share,
                                       frame_size, is_open)
       OVERRIDING SYSTEM VALUE
       SELECT row_number() OVER (ORDER BY loop.number, kind, population), 1, loop.id, population, kind, 1, 1000, 0.1,
              %(regions)s, false
       FROM annotation_loop loop
       CROSS JOIN unnest(ARRAY['model', 'verified']) population CROSS JOIN unnest(ARRAY['tag', 'qa']) kind
       WHERE loop.state = 'finished'""",
    """INSERT INTO verification_audititem (id, audit_id, position, image_id, region_id, question_answer_id, shown,
                                           inclusion_probability, concept_id, source_mask, producer_id, size_class,
                                           band, barred_ids)
       OVERRIDING SYSTEM VALUE
       SELECT audit.id * 10000 + n, audit.id, n, (n * 7 + audit.id) %% (%(regions)s::int / %(per)s::int) + 1,
              (n * 7 + audit.id) %% (%(regions)s::int / %(per)s::int) * %(per)s::int + 1,
              CASE audit.task_kind WHEN 'qa' THEN n END,
              CASE audit.task_kind WHEN 'tag'
              THEN '{"tags": [{"concept_id": 1, "text": "thing 1", "claim": true},
                              {"concept_id": 2, "text": "thing 2", "claim": false},
                              {"concept_id": 3, "text": "thing 3", "claim": false}]}'::jsonb
              ELSE '{"tag": {"concept_id": 1, "text": "thing 1"}, "question": "What is it?", "answer": "It."}' END,
              0.001, 1, 1 << n %% 9, 1, n %% 6, n %% 4, '{}'
       FROM verification_audit audit CROSS JOIN generate_series(1, least(1000, %(regions)s::int / %(per)s::int)) n""",
    """INSERT INTO verification_auditslot (audit_id, item_id, slot, rank, state, expert_id, key, choice, right_ids,
                                           seconds, decided_at)
       SELECT item.audit_id, item.id, slot, item.position, 'done', 1 + slot, gen_random_uuid(),
              CASE audit.task_kind WHEN 'tag' THEN 'judged' WHEN 'qa' THEN 'correct' END,
              CASE WHEN audit.task_kind = 'tag' AND item.position %% 10 > 0 THEN '{1}'::bigint[] ELSE '{}' END, 3, now()
       FROM verification_audititem item JOIN verification_audit audit ON audit.id = item.audit_id
       CROSS JOIN LATERAL generate_series(0, CASE WHEN item.position %% 10 = 0 THEN 1 ELSE 0 END) slot""",
    # Threads: one of 200 comments, and five thousand of two; what leads did to people and to items.
    """INSERT INTO verification_comment (project_id, item_id, annotator_id, writer_id, role, text, key, created_at)
       SELECT 1, 2, 1, CASE n %% 2 WHEN 0 THEN 1 ELSE 2 END, CASE n %% 2 WHEN 0 THEN 'annotator' ELSE 'lead' END,
              'I see two of them, one behind the other.', gen_random_uuid(), now() FROM generate_series(1, 200) n""",
    """INSERT INTO verification_comment (project_id, item_id, annotator_id, writer_id, role, text, key, created_at)
       SELECT 1, slot.item_id, slot.annotator_id, CASE said WHEN 0 THEN slot.annotator_id ELSE %(lead)s END,
              CASE said WHEN 0 THEN 'annotator' ELSE 'lead' END, 'Is the lower one meant?', gen_random_uuid(), now()
       FROM verification_assignment slot CROSS JOIN generate_series(0, 1) said
       WHERE slot.id < 1000000000 AND slot.id %% 20 = 10 AND slot.id <= 100000 AND (said = 0 OR slot.id %% 100 > 10)
       ORDER BY slot.id, said""",
    """INSERT INTO verification_itemchange (item_id, kind, by_id)
       SELECT 2, kind, %(lead)s FROM generate_series(1, 20) n CROSS JOIN unnest(ARRAY['removed', 'restored']) kind""",
    """INSERT INTO verification_standing (project_id, person_id, paused_at)
       SELECT 1, n, now() FROM generate_series(150, 160) n""",
    """INSERT INTO verification_standingchange (project_id, person_id, kind, reason, by_id, items, pay_taken_back)
       SELECT 1, 1 + n %% %(judges)s::int, CASE n %% 2 WHEN 0 THEN 'paused' ELSE 'resumed' END,
              'Please read the guide.', %(lead)s, 0, false FROM generate_series(1, 6000) n""",
    """INSERT INTO verification_qualifyinground (id, project_id, size, pass_mark, is_on, created_by_id)
       OVERRIDING SYSTEM VALUE VALUES (1, 1, 10, 0.8, true, %(lead)s)""",
    """INSERT INTO verification_qualifyingitem (round_id, item_id, choice, rejected_ids)
       SELECT 1, id, '', '{}' FROM verification_packageitem WHERE is_live ORDER BY id LIMIT 40""",
    """INSERT INTO verification_qualification (project_id, person_id, round_id, "right", asked)
       SELECT 1, n, 1, 9, 10 FROM generate_series(1, %(judges)s::int) n""",
    # Items that everybody who works has passed on; places that are kept for somebody who is paused.
    """INSERT INTO verification_skip (item_id, annotator_id, reason, created_at)
       SELECT 1 + 2 * n, person, 'unsure', now()
       FROM generate_series(0, 59) n CROSS JOIN generate_series(1, %(judges)s::int) person""",
    """UPDATE verification_assignment SET held_for_id = 150
       WHERE sample_id = 1 AND state = 'open' AND id BETWEEN 1000 AND 3000""",
    # People around the project.
    """INSERT INTO projects_team (id, project_id, name)
       OVERRIDING SYSTEM VALUE SELECT n, 1, 'Team ' || n FROM generate_series(1, 12) n""",
    """INSERT INTO projects_teammember (team_id, user_id)
       SELECT 1 + n %% 12, n FROM generate_series(1, %(judges)s::int) n""",
    """INSERT INTO projects_invitation (project_id, email, roles, created_at, expires_at, created_by_id)
       SELECT 1, 'guest' || n || '@example.org', ARRAY['annotator'], now(), now() + interval '7 days', %(lead)s
       FROM generate_series(1, 3000) n""",
    """INSERT INTO accounts_apitoken (user_id, name, digest, hint, scopes, expires_at)
       SELECT %(lead)s, 'Script ' || n, encode(sha256(n::text::bytea), 'hex'), 'argus_', ARRAY['read'],
              now() + interval '90 days' FROM generate_series(1, 50) n""",
    # What came in and went out.
    """INSERT INTO annotation_importrun (id, project_id, format, options, state, done, total, counts, error, attempt,
                                         created_at, created_by_id)
       OVERRIDING SYSTEM VALUE
       SELECT n, 1, 'folder', '{}', 'done', 500, 500, '{"photos": 500}', '', 1, now(), %(lead)s
       FROM generate_series(1, 3000) n""",
    """INSERT INTO annotation_importproblem (run_id, file, item, code, message)
       SELECT 1, 'photo-' || n || '.jpg', '', 'unreadable', 'The file is no photo.'
       FROM generate_series(1, least(50000, %(regions)s::int)) n""",
    """INSERT INTO verification_export (kind, filters, state, attempt, rows_done, rows_total, path, file_bytes, sha256,
                                        schema_version, error, created_at, finished_at, created_by_id, project_id)
       SELECT 'tags', '{}', 'done', 1, n, n, 'exports/' || n || '.jsonl', n, repeat('0', 64), 'tags-1', '', now(),
              now(), %(lead)s, 1 FROM generate_series(1, 5000) n""",
    """INSERT INTO verification_takedown (key, kind, sha256, reason, effect, checkpoints, completed_at, created_by_id,
                                          project_id)
       SELECT gen_random_uuid(), 'photo', encode(sha256(('gone' || n)::bytea), 'hex'), 'Somebody is in it.', '{}', '[]',
              now(), %(lead)s, 1 FROM generate_series(1, least(20000, %(regions)s::int)) n""",
    """INSERT INTO verification_webhook (id, url, events, salt, is_active, created_by_id, project_id)
       OVERRIDING SYSTEM VALUE
       SELECT n, 'https://example.org/told/' || n, ARRAY['export.done'], 'salt', true, %(lead)s, 1
       FROM generate_series(1, 20) n""",
    """INSERT INTO verification_webhookdelivery (uid, event, subject_id, occasion, payload, state, attempts, status,
                                                 error, log, finished_at, webhook_id)
       SELECT gen_random_uuid(), 'export.done', n, n, '{}', 'delivered', 1, 200, '', '[]', now(), 1 + n %% 20
       FROM generate_series(1, least(200000, %(regions)s::int)) n""",
)
