"""Participants: for whom a reservation is kept

Revision: 0002, after 0001.
"""

import sqlalchemy as sa
import store.base
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "participant",
        sa.Column("reservation_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=1024), nullable=False),
        sa.Column("issuer", sa.String(length=1024), nullable=False),
        sa.Column("joined_at", store.base.UtcDateTime(), nullable=False),
        sa.Column("left_at", store.base.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["reservation_id"], ["reservation.id"], name=op.f("fk_participant_reservation_id_reservation")
        ),
        sa.PrimaryKeyConstraint("reservation_id", "key", name=op.f("pk_participant")),
    )
    # Whoever opened a ticket that is still to come or runs takes part in it, as with a ticket opened now.
    participant = sa.table(
        "participant", *(sa.column(name) for name in ("reservation_id", "key", "subject", "issuer", "joined_at"))
    )
    reservation = sa.table(
        "reservation", *(sa.column(name) for name in ("id", "owner", "state", "created_at"))
    )
    ticket = sa.table("lambdastation_ticket", sa.column("reservation_id"), sa.column("credential_issuer"))
    op.execute(
        participant.insert().from_select(
            ["reservation_id", "key", "subject", "issuer", "joined_at"],
            sa.select(
                reservation.c.id,
                sa.literal("opened before 0002"),
                reservation.c.owner,
                ticket.c.credential_issuer,
                reservation.c.created_at,
            )
            .join_from(reservation, ticket, ticket.c.reservation_id == reservation.c.id)
            .where(reservation.c.state.in_(["scheduled", "activating", "active"])),
        )
    )


def downgrade() -> None:
    op.drop_table("participant")
