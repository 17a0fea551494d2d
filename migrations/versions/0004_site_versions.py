"""The versions of the site file, and which of them is in force

Revision: 0004, after 0003.
"""

import sqlalchemy as sa
import store.base
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "site_version",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("text", store.base.LongText(), nullable=False),
        sa.Column("origin", store.base.LongText(), nullable=False),
        sa.Column("applied_by", sa.String(length=255), nullable=False),
        sa.Column("applied_at", store.base.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_site_version")),
    )
    # None is in force: the first `serve` or `worker` makes its site file version 1.
    with op.batch_alter_table("identity") as identity:
        identity.add_column(sa.Column("site_version", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("identity") as identity:
        identity.alter_column("site_version", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("identity") as identity:
        identity.drop_column("site_version")
    op.drop_table("site_version")
