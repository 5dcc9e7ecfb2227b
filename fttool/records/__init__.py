"""The frozen records that travel between the rooms of the house, and become `--json` as they are.

`records.dataset` has those of examples, checks and prepared files; `records.jobs` those of jobs, events and models;
`records.evaluation` the questions and answers of an evaluation.
"""
