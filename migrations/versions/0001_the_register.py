"""the register

Revision: 0001, after
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.functions import AFTER_TABLES, BEFORE_TABLES, SET_ROLE
from migrations.triggers import kept, linked, own_keys, readable, recorded, searched, spread, writable

revision = "0001"
down_revision = None


PERMANENT = {
    "countries": "code",
    "organisations": "code",
    "areas": "number",
    "goals": "number",
    "activities": "code",
    "consultations": "number",
    "events": None,
    "focal_points": None,
    "plans": None,
}
SEARCHED = {
    "countries": ("r.name", "concat_ws(' ', r.code, r.alpha3, r.name)"),
    "organisations": ("r.name", "concat_ws(' ', r.code, r.name, r.former_names::text, r.note)"),
    "areas": ("r.title", "r.title"),
    "goals": ("r.title", "concat_ws(' ', r.title, array_to_string(r.sub_items, ' '))"),
    "activities": (
        "r.title",
        "concat_ws(' ', r.code, r.title, array_to_string(r.sub_items || r.outputs, ' '), r.description)",
    ),
    "events": (
        "r.title",
        "concat_ws(' ', r.title, array_to_string(r.aliases, ' '), r.city, r.summary, r.outcome, r.note)",
    ),
    "focal_points": (
        "r.office ->> 'name'",
        "concat_ws(' ', r.country, r.office ->> 'name', r.office ->> 'address', r.note)",
    ),
    "consultations": ("r.title", "concat_ws(' ', r.title, r.city, r.summary)"),
    "plans": ("r.title", "concat_ws(' ', r.title, array_to_string(r.preamble, ' '))"),
}
LINKED = [
    ("events", "goals", "event_goals", "event_id", "goal_id"),
    ("events", "activities", "event_activities", "event_id", "activity_id"),
    ("events", "organisations", "event_organisations", "event_id", "organisation_id"),
    ("activities", "partners", "activity_organisations", "activity_id", "organisation_id"),
    ("activities", "consulted_bodies", "activity_organisations", "activity_id", "organisation_id"),
]
KEPT_BY_TRIGGERS = [
    "journal_head", "commits", "changes", "installation", "own_keys", "search_texts",
    "event_goals", "event_activities", "event_organisations", "activity_organisations",
]  # fmt: skip


def upgrade() -> None:
    for statement in BEFORE_TABLES:
        op.execute(statement)
    _create_tables()
    for statement in [*AFTER_TABLES, *SET_ROLE]:
        op.execute(statement)
    for table, permanent in PERMANENT.items():
        for statement in [
            *kept(table, permanent),
            *recorded(table),
            *own_keys(table),
            *searched(table, *SEARCHED[table]),
        ]:
            op.execute(statement)
    for link in LINKED:
        for statement in linked(*link):
            op.execute(statement)
    for statement in spread(
        "activities", "code", "events", "activities", "event_activities", "event_id", "activity_id"
    ):
        op.execute(statement)
    op.execute("""create trigger keep_former_dates before update of start_date, end_date, date_precision on events
        for each row when (old.start_date is not null and (old.start_date, old.end_date, old.date_precision)
          is distinct from (new.start_date, new.end_date, new.date_precision))
        execute function keep_former_dates()""")
    for statement in [
        *kept("api_keys"),
        *recorded("api_keys"),
        *writable([*PERMANENT, "api_keys", "idempotency_keys"]),
        *readable(KEPT_BY_TRIGGERS),
    ]:
        op.execute(statement)


def downgrade() -> None:
    _drop_tables()
    for function in [
        "begin_write(uuid, text, text, text, bytea)", "spread_key()", "mirror_links()", "mirror_search_text()",
        "mirror_own_keys()", "place_commit()", "record_changes()", "this_commit()", "keep_former_dates()",
        "keep_version()", "refuse_permanent()", "refuse()", "like_pattern(text)", "fold(text)",
    ]:  # fmt: skip
        op.execute(f"drop function {function}")
    op.execute("revoke usage on schema public from workplan_app")


def _create_tables() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("require_if_match", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("digest", postgresql.BYTEA(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "role in ('administrator', 'secretariat', 'reader')", name=op.f("ck_api_keys_role")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("digest", name=op.f("uq_api_keys_digest")),
    )
    op.create_table(
        "areas",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("keys", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("number > 0", name=op.f("ck_areas_number")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_areas")),
        sa.UniqueConstraint("number", name=op.f("uq_areas_number")),
    )
    op.create_table(
        "changes",
        sa.Column("commit_number", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("record", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint(
            "action in ('create', 'update', 'delete', 'restore')", name=op.f("ck_changes_action")
        ),
        sa.PrimaryKeyConstraint("commit_number", "ordinal", name=op.f("pk_changes")),
    )
    op.create_index("ix_changes_record", "changes", ["record_id", "version"], unique=False)
    op.create_table(
        "commits",
        sa.Column("number", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.Column("changes", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("key_id", sa.Uuid(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("database_role", sa.Text(), server_default=sa.text("session_user"), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_commits")),
        sa.UniqueConstraint("position", name=op.f("uq_commits_position")),
    )
    op.create_index(op.f("ix_commits_at"), "commits", ["at"], unique=False)
    op.create_table(
        "countries",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("alpha3", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=True),
        sa.Column("asean_member_since", sa.Date(), nullable=True),
        sa.Column("asean_member_until", sa.Date(), nullable=True),
        sa.Column(
            "sources", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False
        ),
        sa.Column("keys", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("alpha3 ~ '^[A-Z]{3}$'", name=op.f("ck_countries_alpha3")),
        sa.CheckConstraint("code ~ '^[A-Z]{2}$'", name=op.f("ck_countries_code")),
        sa.CheckConstraint("side in ('asean', 'japan')", name=op.f("ck_countries_side")),
        sa.CheckConstraint(
            "asean_member_until is null or asean_member_until >= asean_member_since",
            name=op.f("ck_countries_asean_member_until"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_countries")),
        sa.UniqueConstraint("alpha3", name=op.f("uq_countries_alpha3")),
        sa.UniqueConstraint("code", name=op.f("uq_countries_code")),
    )
    op.create_table(
        "events",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("start_date", sa.Date(), nullable=True),
        sa.Column("end_date", sa.Date(), nullable=True),
        sa.Column("date_precision", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=True),
        sa.Column("city", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("countries", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column(
            "goals", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False
        ),
        sa.Column(
            "activities",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
        ),
        sa.Column(
            "organisations",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
        ),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("registered", sa.Integer(), nullable=True),
        sa.Column("attended", sa.Integer(), nullable=True),
        sa.Column("aliases", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column(
            "former_dates",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
        ),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column(
            "sources", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False
        ),
        sa.Column("keys", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(start_date is null) = (date_precision = 'unknown')", name=op.f("ck_events_date_precision")
        ),
        sa.CheckConstraint("country ~ '^[A-Z]{2}$'", name=op.f("ck_events_country")),
        sa.CheckConstraint(
            "date_precision in ('day', 'month', 'year', 'unknown')",
            name=op.f("ck_events_date_precision_word"),
        ),
        sa.CheckConstraint("mode in ('in_person', 'online', 'hybrid')", name=op.f("ck_events_mode")),
        sa.CheckConstraint(
            "status in ('proposed', 'planned', 'ongoing', 'implemented', 'suspended', 'postponed', 'cancelled')",
            name=op.f("ck_events_status"),
        ),
        sa.CheckConstraint("attended >= 0", name=op.f("ck_events_attended")),
        sa.CheckConstraint("end_date is null or end_date >= start_date", name=op.f("ck_events_end_date")),
        sa.CheckConstraint(
            "end_date is null or start_date is not null", name=op.f("ck_events_end_without_start")
        ),
        sa.CheckConstraint("registered >= 0", name=op.f("ck_events_registered")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
    )
    op.create_index("ix_events_countries", "events", ["countries"], unique=False, postgresql_using="gin")
    op.create_index("ix_events_country", "events", ["country", "id"], unique=False)
    op.create_index("ix_events_kind", "events", ["kind", "id"], unique=False)
    op.create_index(
        "ix_events_start_date",
        "events",
        [sa.literal_column("coalesce(start_date, 'infinity'::date)"), "id"],
        unique=False,
    )
    op.create_index(
        "ix_events_start_date_desc",
        "events",
        [sa.literal_column("coalesce(start_date, '-infinity'::date)"), "id"],
        unique=False,
    )
    op.create_index("ix_events_status", "events", ["status", "id"], unique=False)
    op.create_table(
        "idempotency_keys",
        sa.Column("caller_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", postgresql.BYTEA(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("caller_id", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_index(op.f("ix_idempotency_keys_created_at"), "idempotency_keys", ["created_at"], unique=False)
    op.create_table(
        "installation",
        sa.Column("only_row", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column(
            "secret",
            postgresql.BYTEA(),
            server_default=sa.text(
                "decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex')"
            ),
            nullable=False,
        ),
        sa.CheckConstraint("only_row", name=op.f("ck_installation_only_row")),
        sa.PrimaryKeyConstraint("only_row", name=op.f("pk_installation")),
    )
    op.create_table(
        "journal_head",
        sa.Column("only_row", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("position", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("only_row", name=op.f("ck_journal_head_only_row")),
        sa.PrimaryKeyConstraint("only_row", name=op.f("pk_journal_head")),
        postgresql_with={"fillfactor": 50},
    )
    op.create_table(
        "organisations",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column(
            "former_names",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
        ),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("website", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column(
            "sources", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False
        ),
        sa.Column("keys", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("country ~ '^[A-Z]{2}$'", name=op.f("ck_organisations_country")),
        sa.CheckConstraint("parent_id <> id", name=op.f("ck_organisations_parent")),
        sa.CheckConstraint(
            "valid_until is null or valid_from is null or valid_until >= valid_from",
            name=op.f("ck_organisations_valid_until"),
        ),
        sa.ForeignKeyConstraint(["parent_id"], ["organisations.id"], name=op.f("fk_organisations_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisations")),
        sa.UniqueConstraint("code", name=op.f("uq_organisations_code")),
    )
    op.create_index(op.f("ix_organisations_country"), "organisations", ["country"], unique=False)
    op.create_index(op.f("ix_organisations_kind"), "organisations", ["kind"], unique=False)
    op.create_index(op.f("ix_organisations_parent_id"), "organisations", ["parent_id"], unique=False)
    op.create_table(
        "own_keys",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "key", name=op.f("pk_own_keys")),
    )
    op.create_index(op.f("ix_own_keys_record_id"), "own_keys", ["record_id"], unique=False)
    op.create_table(
        "plans",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("preamble", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("adopted_on", sa.Date(), nullable=True),
        sa.Column("adoption_note", sa.Text(), nullable=True),
        sa.Column("endorsed_on", sa.Date(), nullable=True),
        sa.Column("endorsed_at", sa.Text(), nullable=True),
        sa.Column(
            "editorial_notes",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
        ),
        sa.Column(
            "sources", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False
        ),
        sa.Column("keys", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plans")),
    )
    op.create_index("uq_plans_only_one", "plans", [sa.literal_column("(true)")], unique=True)
    op.create_table(
        "search_texts",
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.Column("words", postgresql.TSVECTOR(), nullable=False),
        sa.PrimaryKeyConstraint("record_id", name=op.f("pk_search_texts")),
    )
    op.create_index(
        "ix_search_texts_folded",
        "search_texts",
        ["folded"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"folded": "gin_trgm_ops"},
    )
    op.create_index("ix_search_texts_kind", "search_texts", ["kind", "record_id"], unique=False)
    op.create_index("ix_search_texts_words", "search_texts", ["words"], unique=False, postgresql_using="gin")
    op.create_table(
        "consultations",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("start_date", sa.Date(), nullable=True),
        sa.Column("end_date", sa.Date(), nullable=True),
        sa.Column("date_precision", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=True),
        sa.Column("city", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("period_start", sa.Date(), nullable=True),
        sa.Column("period_end", sa.Date(), nullable=True),
        sa.Column("event_id", sa.Uuid(), nullable=True),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.Column(
            "sources", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False
        ),
        sa.Column("keys", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(start_date is null) = (date_precision = 'unknown')",
            name=op.f("ck_consultations_date_precision"),
        ),
        sa.CheckConstraint("country ~ '^[A-Z]{2}$'", name=op.f("ck_consultations_country")),
        sa.CheckConstraint(
            "date_precision in ('day', 'month', 'year', 'unknown')",
            name=op.f("ck_consultations_date_precision_word"),
        ),
        sa.CheckConstraint("mode in ('in_person', 'online', 'hybrid')", name=op.f("ck_consultations_mode")),
        sa.CheckConstraint(
            "status in ('planned', 'held', 'postponed', 'cancelled')", name=op.f("ck_consultations_status")
        ),
        sa.CheckConstraint(
            "end_date is null or (start_date is not null and end_date >= start_date)",
            name=op.f("ck_consultations_end_date"),
        ),
        sa.CheckConstraint("number > 0", name=op.f("ck_consultations_number")),
        sa.CheckConstraint(
            "period_end is null or period_start is null or period_end >= period_start",
            name=op.f("ck_consultations_period_end"),
        ),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_consultations_event_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consultations")),
        sa.UniqueConstraint("number", name=op.f("uq_consultations_number")),
    )
    op.create_index(op.f("ix_consultations_event_id"), "consultations", ["event_id"], unique=False)
    op.create_table(
        "event_organisations",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.id"], name=op.f("fk_event_organisations_event_id"), ondelete="cascade"
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_event_organisations_organisation_id")
        ),
        sa.PrimaryKeyConstraint("event_id", "field", "organisation_id", name=op.f("pk_event_organisations")),
    )
    op.create_index(
        op.f("ix_event_organisations_organisation_id"),
        "event_organisations",
        ["organisation_id"],
        unique=False,
    )
    op.create_table(
        "focal_points",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("purposes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("office", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("successor_id", sa.Uuid(), nullable=True),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verified_by", sa.Text(), nullable=True),
        sa.Column("bounced", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("keys", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("country ~ '^[A-Z]{2}$'", name=op.f("ck_focal_points_country")),
        sa.CheckConstraint("cardinality(purposes) > 0", name=op.f("ck_focal_points_purposes")),
        sa.CheckConstraint("successor_id <> id", name=op.f("ck_focal_points_successor")),
        sa.CheckConstraint(
            "valid_until is null or valid_from is null or valid_until >= valid_from",
            name=op.f("ck_focal_points_valid_until"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_focal_points_organisation_id")
        ),
        sa.ForeignKeyConstraint(
            ["successor_id"], ["focal_points.id"], name=op.f("fk_focal_points_successor_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_focal_points")),
    )
    op.create_index("ix_focal_points_country", "focal_points", ["country", "id"], unique=False)
    op.create_index(
        op.f("ix_focal_points_organisation_id"), "focal_points", ["organisation_id"], unique=False
    )
    op.create_index(
        "ix_focal_points_purposes", "focal_points", ["purposes"], unique=False, postgresql_using="gin"
    )
    op.create_index(op.f("ix_focal_points_successor_id"), "focal_points", ["successor_id"], unique=False)
    op.create_table(
        "goals",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("sub_items", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("area_id", sa.Uuid(), nullable=True),
        sa.Column(
            "editorial_notes",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
        ),
        sa.Column("keys", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("number > 0", name=op.f("ck_goals_number")),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_goals_area_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_goals")),
        sa.UniqueConstraint("number", name=op.f("uq_goals_number")),
    )
    op.create_index(op.f("ix_goals_area_id"), "goals", ["area_id"], unique=False)
    op.create_table(
        "activities",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("origin", sa.Text(), server_default=sa.text("'member'"), nullable=False),
        sa.Column("goal_id", sa.Uuid(), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("sub_items", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("lead_id", sa.Uuid(), nullable=True),
        sa.Column(
            "partners",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
        ),
        sa.Column(
            "consulted_bodies",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
        ),
        sa.Column("countries", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("start_date", sa.Date(), nullable=True),
        sa.Column("end_date", sa.Date(), nullable=True),
        sa.Column(
            "funding", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False
        ),
        sa.Column("outputs", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column(
            "links", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False
        ),
        sa.Column("status", sa.Text(), server_default=sa.text("'proposed'"), nullable=False),
        sa.Column("status_reported_by_id", sa.Uuid(), nullable=True),
        sa.Column("status_reported_on", sa.Date(), nullable=True),
        sa.Column("status_period", sa.Text(), nullable=True),
        sa.Column(
            "editorial_notes",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
        ),
        sa.Column("keys", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "origin = 'member' or (code is not null and parent_id is null)",
            name=op.f("ck_activities_plan_code"),
        ),
        sa.CheckConstraint("origin in ('plan', 'member')", name=op.f("ck_activities_origin")),
        sa.CheckConstraint(
            "status in ('proposed', 'planned', 'ongoing', 'implemented', 'suspended', 'cancelled')",
            name=op.f("ck_activities_status"),
        ),
        sa.CheckConstraint(
            "end_date is null or start_date is null or end_date >= start_date",
            name=op.f("ck_activities_end_date"),
        ),
        sa.CheckConstraint("parent_id <> id", name=op.f("ck_activities_parent")),
        sa.ForeignKeyConstraint(["goal_id"], ["goals.id"], name=op.f("fk_activities_goal_id")),
        sa.ForeignKeyConstraint(["lead_id"], ["organisations.id"], name=op.f("fk_activities_lead_id")),
        sa.ForeignKeyConstraint(["parent_id"], ["activities.id"], name=op.f("fk_activities_parent_id")),
        sa.ForeignKeyConstraint(
            ["status_reported_by_id"], ["organisations.id"], name=op.f("fk_activities_status_reported_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activities")),
        sa.UniqueConstraint("code", name=op.f("uq_activities_code")),
    )
    op.create_index(
        "ix_activities_countries", "activities", ["countries"], unique=False, postgresql_using="gin"
    )
    op.create_index("ix_activities_goal_id", "activities", ["goal_id", "id"], unique=False)
    op.create_index(op.f("ix_activities_lead_id"), "activities", ["lead_id"], unique=False)
    op.create_index(op.f("ix_activities_parent_id"), "activities", ["parent_id"], unique=False)
    op.create_index(
        "ix_activities_start_date",
        "activities",
        [sa.literal_column("coalesce(start_date, 'infinity'::date)"), "id"],
        unique=False,
    )
    op.create_index(
        "ix_activities_start_date_desc",
        "activities",
        [sa.literal_column("coalesce(start_date, '-infinity'::date)"), "id"],
        unique=False,
    )
    op.create_index("ix_activities_status", "activities", ["status", "id"], unique=False)
    op.create_index(
        op.f("ix_activities_status_reported_by_id"), "activities", ["status_reported_by_id"], unique=False
    )
    op.create_table(
        "event_goals",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("goal_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.id"], name=op.f("fk_event_goals_event_id"), ondelete="cascade"
        ),
        sa.ForeignKeyConstraint(["goal_id"], ["goals.id"], name=op.f("fk_event_goals_goal_id")),
        sa.PrimaryKeyConstraint("event_id", "field", "goal_id", name=op.f("pk_event_goals")),
    )
    op.create_index(op.f("ix_event_goals_goal_id"), "event_goals", ["goal_id"], unique=False)
    op.create_table(
        "activity_organisations",
        sa.Column("activity_id", sa.Uuid(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["activity_id"],
            ["activities.id"],
            name=op.f("fk_activity_organisations_activity_id"),
            ondelete="cascade",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_activity_organisations_organisation_id")
        ),
        sa.PrimaryKeyConstraint(
            "activity_id", "field", "organisation_id", name=op.f("pk_activity_organisations")
        ),
    )
    op.create_index(
        op.f("ix_activity_organisations_organisation_id"),
        "activity_organisations",
        ["organisation_id"],
        unique=False,
    )
    op.create_table(
        "event_activities",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("activity_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["activity_id"], ["activities.id"], name=op.f("fk_event_activities_activity_id")
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.id"], name=op.f("fk_event_activities_event_id"), ondelete="cascade"
        ),
        sa.PrimaryKeyConstraint("event_id", "field", "activity_id", name=op.f("pk_event_activities")),
    )
    op.create_index(
        op.f("ix_event_activities_activity_id"), "event_activities", ["activity_id"], unique=False
    )


def _drop_tables() -> None:
    op.drop_index(op.f("ix_event_activities_activity_id"), table_name="event_activities")
    op.drop_table("event_activities")
    op.drop_index(op.f("ix_activity_organisations_organisation_id"), table_name="activity_organisations")
    op.drop_table("activity_organisations")
    op.drop_index(op.f("ix_event_goals_goal_id"), table_name="event_goals")
    op.drop_table("event_goals")
    op.drop_index(op.f("ix_activities_status_reported_by_id"), table_name="activities")
    op.drop_index("ix_activities_status", table_name="activities")
    op.drop_index("ix_activities_start_date_desc", table_name="activities")
    op.drop_index("ix_activities_start_date", table_name="activities")
    op.drop_index(op.f("ix_activities_parent_id"), table_name="activities")
    op.drop_index(op.f("ix_activities_lead_id"), table_name="activities")
    op.drop_index("ix_activities_goal_id", table_name="activities")
    op.drop_index("ix_activities_countries", table_name="activities", postgresql_using="gin")
    op.drop_table("activities")
    op.drop_index(op.f("ix_goals_area_id"), table_name="goals")
    op.drop_table("goals")
    op.drop_index(op.f("ix_focal_points_successor_id"), table_name="focal_points")
    op.drop_index("ix_focal_points_purposes", table_name="focal_points", postgresql_using="gin")
    op.drop_index(op.f("ix_focal_points_organisation_id"), table_name="focal_points")
    op.drop_index("ix_focal_points_country", table_name="focal_points")
    op.drop_table("focal_points")
    op.drop_index(op.f("ix_event_organisations_organisation_id"), table_name="event_organisations")
    op.drop_table("event_organisations")
    op.drop_index(op.f("ix_consultations_event_id"), table_name="consultations")
    op.drop_table("consultations")
    op.drop_index("ix_search_texts_words", table_name="search_texts", postgresql_using="gin")
    op.drop_index("ix_search_texts_kind", table_name="search_texts")
    op.drop_index(
        "ix_search_texts_folded",
        table_name="search_texts",
        postgresql_using="gin",
        postgresql_ops={"folded": "gin_trgm_ops"},
    )
    op.drop_table("search_texts")
    op.drop_index("uq_plans_only_one", table_name="plans")
    op.drop_table("plans")
    op.drop_index(op.f("ix_own_keys_record_id"), table_name="own_keys")
    op.drop_table("own_keys")
    op.drop_index(op.f("ix_organisations_parent_id"), table_name="organisations")
    op.drop_index(op.f("ix_organisations_kind"), table_name="organisations")
    op.drop_index(op.f("ix_organisations_country"), table_name="organisations")
    op.drop_table("organisations")
    op.drop_table("journal_head")
    op.drop_table("installation")
    op.drop_index(op.f("ix_idempotency_keys_created_at"), table_name="idempotency_keys")
    op.drop_table("idempotency_keys")
    op.drop_index("ix_events_status", table_name="events")
    op.drop_index("ix_events_start_date_desc", table_name="events")
    op.drop_index("ix_events_start_date", table_name="events")
    op.drop_index("ix_events_kind", table_name="events")
    op.drop_index("ix_events_country", table_name="events")
    op.drop_index("ix_events_countries", table_name="events", postgresql_using="gin")
    op.drop_table("events")
    op.drop_table("countries")
    op.drop_index(op.f("ix_commits_at"), table_name="commits")
    op.drop_table("commits")
    op.drop_index("ix_changes_record", table_name="changes")
    op.drop_table("changes")
    op.drop_table("areas")
    op.drop_table("api_keys")
