"""persons answer for offices

Revision: 0022, after 0021
"""

import sqlalchemy as sa
from alembic import op

from migrations.guards import FORGET_GUARDS, hidden
from migrations.past import FORGET_PAST, OF_IMAGES, OF_KEPT, REMAKE_PAST
from migrations.persons import FUNCTIONS, NO_STATISTICS
from migrations.triggers import APP_ROLE, kept, own_keys, recorded, searched, writable

revision = "0022"
down_revision = "0021"

_TABLE = "persons"
_MOMENT = sa.DateTime(timezone=True)
_ORDERS = {
    "country": "country",
    "display": "left(display, 250)",
    "sort_as": "left(sort_as, 250)",
    "keep_until": "keep_until",
    "created_at": "created_at",
    "updated_at": "updated_at",
}
# A few hundred focal points, none of which names a person yet.
_FEW = """-- squawk-ignore-file require-concurrent-index-creation, adding-foreign-key-constraint, ban-drop-column
-- squawk-ignore-file constraint-missing-not-valid, require-concurrent-index-deletion, ban-drop-function
lock table focal_points in access exclusive mode"""


def upgrade() -> None:
    op.execute(_FEW)
    op.create_table(
        _TABLE,
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("display", sa.Text(), nullable=False),
        sa.Column("romanised", sa.Text(), nullable=True),
        sa.Column("sort_as", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("languages", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("held_for", sa.Text(), nullable=True),
        sa.Column("legal_basis", sa.Text(), server_default=sa.text("'official_duty'"), nullable=False),
        sa.Column("keep_until", sa.Date(), nullable=False),
        sa.Column("restricted", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("visibility", sa.Text(), server_default=sa.text("'partners'"), nullable=False),
        sa.Column("keys", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", _MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", _MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("country ~ '^[A-Z]{2}$'", name=op.f("ck_persons_country")),
        sa.CheckConstraint("visibility in ('partners', 'own')", name=op.f("ck_persons_visibility")),
        sa.CheckConstraint(
            "legal_basis in ('official_duty', 'legal_obligation', 'agreement', 'consent')",
            name=op.f("ck_persons_legal_basis"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_persons_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_persons")),
    )
    op.create_index(op.f("ix_persons_organisation_id"), _TABLE, ["organisation_id"])
    for name, key in _ORDERS.items():
        op.create_index(f"ix_persons_{name}", _TABLE, [sa.literal_column(key), "id"])
    op.create_table(
        "reveals",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("at", _MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reveals")),
    )
    op.create_index(op.f("ix_reveals_person_id"), "reveals", ["person_id"])
    op.add_column("focal_points", sa.Column("person_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f("fk_focal_points_person_id"), "focal_points", "persons", ["person_id"], ["id"])
    op.create_index(op.f("ix_focal_points_person_id"), "focal_points", ["person_id"])
    for statement in [
        *FUNCTIONS,
        """create trigger keep_person before insert or update on persons
        for each row execute function keep_person()""",
        *kept(_TABLE),
        *recorded(_TABLE),
        *own_keys(_TABLE),
        *searched(
            _TABLE, "r.display", "concat_ws(' ', r.country, r.display, r.romanised, r.sort_as, r.title)"
        ),
        *hidden(_TABLE, "country"),
        *NO_STATISTICS,
        *writable([_TABLE]),
        "alter table reveals enable row level security",
        f"grant select, insert on reveals to {APP_ROLE}",
        OF_KEPT,
        REMAKE_PAST,
    ]:
        op.execute(statement)


def downgrade() -> None:
    op.execute(FORGET_GUARDS)
    op.execute(FORGET_PAST)
    for made in reversed(FUNCTIONS[1:]):
        op.execute(f"drop function {made.split()[2].partition('(')[0]}")
    op.drop_column("focal_points", "person_id")
    op.drop_table("reveals")
    op.drop_table(_TABLE)
    op.execute("drop function keep_person()")
    for table, column in (("commits", "reason"), ("idempotency_keys", "body"), ("job_pieces", "content")):
        op.execute(f"alter table {table} alter column {column} set statistics default")
    op.execute(OF_IMAGES)
    op.execute(REMAKE_PAST)
