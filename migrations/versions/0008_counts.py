"""What devices count of what they carry

Revision: 0008, after 0007.
"""

import sqlalchemy as sa
import store.base
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

COUNTS = ("packets", "octets", "read_packets", "read_octets")
INSTANTS = ("counted_at", "grew_at")


def upgrade() -> None:
    for name in COUNTS:
        op.add_column("part", sa.Column(name, sa.BigInteger(), nullable=True))
    for name in INSTANTS:
        op.add_column("part", sa.Column(name, store.base.UtcDateTime(), nullable=True))
    op.add_column("device", sa.Column("counted_at", store.base.UtcDateTime(), nullable=True))


def downgrade() -> None:
    op.drop_column("device", "counted_at")
    for name in (*COUNTS, *INSTANTS):
        op.drop_column("part", name)
