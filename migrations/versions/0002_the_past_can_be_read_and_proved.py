"""the past can be read and proved

Revision: 0002, after 0001
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.chain import COMMIT_HASH, CONTENT_DIGEST, GUARDS, IMAGE, PLACE_COMMIT, RECORD_CHANGES, SEAL
from migrations.functions import AFTER_TABLES
from migrations.past import FORGET_PAST, REMAKE, REMAKE_PAST, TODAY

revision = "0002"
down_revision = "0001"

_ACTIONS = "action in ('create', 'update', 'delete', 'restore'{})"


# Nobody writes while what is there is sealed: the journal is locked as a whole, and so the rest may be done in one go.
_LOCK = """-- squawk-ignore-file changing-column-type, adding-field-with-default, ban-drop-constraint
-- squawk-ignore-file constraint-missing-not-valid, adding-not-nullable-field, require-concurrent-index-creation
lock table changes, commits, journal_head in access exclusive mode"""


def upgrade() -> None:
    op.execute(_LOCK)
    op.execute("alter table changes alter record type json using record::json")
    op.add_column("changes", sa.Column("salt", postgresql.BYTEA(), nullable=True))
    op.add_column("changes", sa.Column("digest", postgresql.BYTEA(), nullable=True))
    op.add_column("changes", sa.Column("survivor_id", sa.Uuid(), nullable=True))
    op.add_column(
        "commits",
        sa.Column("salt", postgresql.BYTEA(), server_default=sa.text("uuid_send(gen_random_uuid())")),
    )
    op.add_column("commits", sa.Column("digest", postgresql.BYTEA(), nullable=True))
    op.add_column("commits", sa.Column("hash", postgresql.BYTEA(), nullable=True))
    op.add_column(
        "journal_head",
        sa.Column("hash", postgresql.BYTEA(), server_default=sa.text("sha256('')"), nullable=False),
    )
    _allow_actions(", 'merge'")
    for statement in [CONTENT_DIGEST, COMMIT_HASH, *SEAL, IMAGE, RECORD_CHANGES, PLACE_COMMIT, *GUARDS]:
        op.execute(statement)
    op.alter_column("changes", "digest", nullable=False)
    op.create_check_constraint(
        op.f("ck_changes_survivor_id"), "changes", "(action = 'merge') = (survivor_id is not null)"
    )
    op.create_index(
        "ix_changes_merged", "changes", ["kind", "record_id"], postgresql_where=sa.text("action = 'merge'")
    )
    for statement in [TODAY, REMAKE, REMAKE_PAST]:
        op.execute(statement)


def downgrade() -> None:
    op.execute(FORGET_PAST)
    for table in ("changes", "commits", "journal_head"):
        op.execute(f"drop trigger keep_all_{table} on {table}")
    op.execute("drop trigger keep_changes on changes")
    op.execute("drop trigger keep_commits on commits")
    for name in ("record_changes()", "place_commit()"):
        (made,) = (each for each in AFTER_TABLES if f"create function {name}" in each)
        op.execute(made.replace("create function", "create or replace function", 1))
    for name in (
        "image(json, text)",
        "remake_past()",
        "today()",
        "commit_hash(bytea, commits, bytea)",
        "content_digest(bigint)",
    ):
        op.execute(f"drop function {name}")
    op.drop_index("ix_changes_merged", table_name="changes")
    op.drop_constraint(op.f("ck_changes_survivor_id"), "changes", type_="check")
    op.execute("update changes set action = 'delete' where action = 'merge'")
    _allow_actions("")
    op.drop_column("journal_head", "hash")
    for column in ("hash", "digest", "salt"):
        op.drop_column("commits", column)
    for column in ("survivor_id", "digest", "salt"):
        op.drop_column("changes", column)
    op.execute("alter table changes alter record type jsonb using record::jsonb")


def _allow_actions(more: str) -> None:
    op.drop_constraint(op.f("ck_changes_action"), "changes", type_="check")
    op.create_check_constraint(op.f("ck_changes_action"), "changes", _ACTIONS.format(more))
