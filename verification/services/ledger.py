"""Pay. An entry is written in the same statement as the verdict that it pays for (verdicts.py)."""

# The project's rate for the task kind of sample `s` of project `p`, as SQL.
RATE_SQL = "CASE s.task_kind WHEN 'tag' THEN p.tag_rate WHEN 'qa' THEN p.qa_rate ELSE p.answer_rate END"
