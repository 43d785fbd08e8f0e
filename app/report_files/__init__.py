"""The status report as files for people: tables, charts and pages, made of the report's JSON and nothing else."""
