"""The operator's hand: pauses, dry run, what was seen above our highest number

Revision: 0006, after 0005.
"""

import sqlalchemy as sa
import store.base
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

def upgrade() -> None:
    op.create_table(
        "pause",
        sa.Column("cause", sa.String(length=16), nullable=False),
        sa.Column("device", store.base.Name(), nullable=False),
        sa.Column("since", store.base.UtcDateTime(), nullable=False),
        sa.Column("actor", sa.String(length=1024), nullable=False),
        sa.Column("reason", store.base.LongText(), nullable=False),
        sa.PrimaryKeyConstraint("cause", "device", name=op.f("pk_pause")),
    )
    # Columns are added in place: on SQLite a table that others refer to cannot be copied.
    op.add_column("identity", sa.Column("highest_seen", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("device", _no("dry_run"))
    op.add_column("device", sa.Column("shadow", store.base.LongText(), nullable=True))
    op.add_column("device", sa.Column("evictions", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("part", _no("dry_run"))
    op.add_column("device_change", _no("dry_run"))


def downgrade() -> None:
    for column in ("evictions", "shadow", "dry_run"):
        op.drop_column("device", column)
    op.drop_column("device_change", "dry_run")
    op.drop_column("part", "dry_run")
    op.drop_column("identity", "highest_seen")
    op.drop_table("pause")


def _no(name: str) -> "sa.Column[bool]":
    # The default is for the rows there are.
    return sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False)
