"""Labels of pools; what a modified reservation is to give up, and keeps until devices have let it go

Revision: 0005, after 0004.
"""

import sqlalchemy as sa
import store.base
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("resource", sa.Column("labels", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("claim", sa.Column("label", sa.Integer(), nullable=True))
    op.add_column("claim", _no("leaving"))
    op.add_column("flow", sa.Column("leaving", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("part", _no("superseded"))
    op.add_column("reservation", sa.Column("modifying_since", store.base.UtcDateTime(), nullable=True))


def downgrade() -> None:
    op.drop_column("reservation", "modifying_since")
    op.drop_column("part", "superseded")
    op.drop_column("flow", "leaving")
    op.drop_column("claim", "leaving")
    op.drop_column("claim", "label")
    op.drop_column("resource", "labels")


def _no(name: str) -> "sa.Column[bool]":
    # The default is for the rows there are.
    return sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False)
