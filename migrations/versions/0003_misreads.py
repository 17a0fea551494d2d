"""Misreads: how often in a row a part was pushed, taken and read back otherwise

Revision: 0003, after 0002.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The default is for the rows there are.
    op.add_column("part", sa.Column("misreads", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    with op.batch_alter_table("part") as part:
        part.drop_column("misreads")
