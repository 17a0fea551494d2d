"""Which next hops answer the devices that are to steer towards them, and who goes by a fallback

Revision: 0009, after 0008.
"""

import sqlalchemy as sa
import store.base
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "next_hop",
        sa.Column("device_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("address", store.base.Name(), nullable=False),
        sa.Column("asked_at", store.base.UtcDateTime(), nullable=False),
        sa.Column("told_at", store.base.UtcDateTime(), nullable=True),
        sa.Column("misses", sa.Integer(), nullable=False),
        sa.Column("answers", sa.Integer(), nullable=False),
        sa.Column("down_since", store.base.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_next_hop_device_id_device")),
        sa.PrimaryKeyConstraint("device_id", "address", name=op.f("pk_next_hop")),
    )
    op.add_column("part", sa.Column("detour", store.base.Name(), nullable=True))


def downgrade() -> None:
    op.drop_column("part", "detour")
    op.drop_table("next_hop")
