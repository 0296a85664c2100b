"""Published collections and items, so that they can be searched."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def _job_id(*, key: bool) -> sa.Column[str]:
    return sa.Column("job_id", sa.String(36), sa.ForeignKey("jobs.id"), nullable=False, primary_key=key, index=not key)


def _document() -> tuple[sa.Column[str], sa.Column[bytes]]:
    return sa.Column("key", sa.Text, nullable=False), sa.Column("document", sa.LargeBinary, nullable=False)


def upgrade() -> None:
    """Make the tables; what was published before stays where it is, and is not found by searches."""
    op.create_table(
        "collections",
        _job_id(key=True),
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("entered", sa.DateTime(timezone=True), nullable=False),
        *_document(),
    )
    op.create_index("collections_by_tenant", "collections", ["tenant", "entered"])
    op.create_table(
        "footprints",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        _job_id(key=False),
        sa.Column("tenant", sa.String(64), nullable=False, index=True),
        *(sa.Column(side, sa.Float, nullable=False) for side in ("west", "south", "east", "north")),
        sa.Column("wkb", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "items",
        _job_id(key=True),
        sa.Column("item_id", sa.String(255), primary_key=True),
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("footprint_id", sa.Integer, sa.ForeignKey("footprints.id"), nullable=False),
        sa.Column("datetime", sa.DateTime(timezone=True), nullable=False),
        sa.Column("properties", sa.JSON, nullable=False),
        *_document(),
    )
    op.create_index("items_by_datetime", "items", ["tenant", "datetime"])
    op.create_index("items_by_job", "items", ["job_id", "tenant"])
    op.create_index("items_by_footprint", "items", ["footprint_id", "tenant"])


def downgrade() -> None:
    """Remove the tables."""
    for table in ("items", "footprints", "collections"):
        op.drop_table(table)
