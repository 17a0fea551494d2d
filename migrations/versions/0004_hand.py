"""The operator's hand: pauses, dry run, what was seen above our highest number

Revision: 0004, after 0003.
"""

import sqlalchemy as sa
import store.base
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_NONE = sa.text("'[]'")


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
    with op.batch_alter_table("identity") as identity:
        identity.add_column(sa.Column("highest_seen", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("device") as device:
        device.add_column(sa.Column("dry_run", sa.Boolean(), nullable=False, server_default=sa.false()))
        device.add_column(sa.Column("shadow", store.base.LongText(), nullable=True))
        device.add_column(sa.Column("evictions", sa.JSON(), nullable=False, server_default=_NONE))
    with op.batch_alter_table("part") as part:
        part.add_column(sa.Column("dry_run", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("device_change") as device_change:
        device_change.add_column(
            sa.Column("dry_run", sa.Boolean(), nullable=False, server_default=sa.false())
        )


def downgrade() -> None:
    for table in ("device_change", "part"):
        with op.batch_alter_table(table) as altered:
            altered.drop_column("dry_run")
    with op.batch_alter_table("device") as device:
        for column in ("evictions", "shadow", "dry_run"):
            device.drop_column(column)
    with op.batch_alter_table("identity") as identity:
        identity.drop_column("highest_seen")
    op.drop_table("pause")
