"""Islands: slivers, slices that were shut down, what devices tell of themselves

Revision: 0007, after 0006.
"""

import sqlalchemy as sa
import store.base
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tbam_sliver",
        sa.Column("reservation_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sliver_urn", sa.String(length=255), nullable=False),
        sa.Column("slice_urn", sa.String(length=255), nullable=False),
        sa.Column("slice_key", sa.String(length=255), nullable=False),
        sa.Column("aggregate", store.base.Name(), nullable=False),
        sa.Column("gateway", store.base.Name(), nullable=False),
        sa.Column("owner_urn", sa.String(length=255), nullable=False),
        sa.Column("owner_subject", sa.String(length=1024), nullable=False),
        sa.Column("request", sa.JSON(), nullable=False),
        sa.Column("credential_until", store.base.UtcDateTime(), nullable=False),
        sa.Column("expires_at", store.base.UtcDateTime(), nullable=False),
        sa.Column("due_at", store.base.UtcDateTime(), nullable=True),
        sa.Column("stopped", sa.Boolean(), nullable=False),
        sa.Column("restarting", sa.Boolean(), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["reservation_id"], ["reservation.id"], name=op.f("fk_tbam_sliver_reservation_id_reservation")
        ),
        sa.PrimaryKeyConstraint("reservation_id", name=op.f("pk_tbam_sliver")),
        sa.UniqueConstraint("sliver_urn", name=op.f("uq_tbam_sliver_sliver_urn")),
    )
    op.create_index(op.f("ix_tbam_sliver_slice_key"), "tbam_sliver", ["slice_key"])
    op.create_index(op.f("ix_tbam_sliver_due_at"), "tbam_sliver", ["due_at"])
    op.create_table(
        "tbam_shut_slice",
        sa.Column("slice_key", sa.String(length=255), nullable=False),
        sa.Column("at", store.base.UtcDateTime(), nullable=False),
        sa.Column("actor", sa.String(length=1024), nullable=False),
        sa.PrimaryKeyConstraint("slice_key", name=op.f("pk_tbam_shut_slice")),
    )
    # The default is for the rows there are.
    op.add_column("device", sa.Column("facts", sa.JSON(), nullable=False, server_default="{}"))


def downgrade() -> None:
    op.drop_column("device", "facts")
    op.drop_table("tbam_shut_slice")
    op.drop_table("tbam_sliver")
