"""What is told of an order, kept beside it: whoever lists jobs need not read their geometries."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the columns; of an order that was entered before, the facts are found when they are asked for."""
    op.add_column("jobs", sa.Column("facts", sa.JSON))
    op.add_column("jobs", sa.Column("simulated", sa.Boolean))


def downgrade() -> None:
    """Remove the columns."""
    op.drop_column("jobs", "simulated")
    op.drop_column("jobs", "facts")
