"""Keys of the API: whose they are and what they open; of each secret only its hash."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("tenant", sa.String(64), nullable=False, index=True),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("scopes", sa.JSON, nullable=False),
        sa.Column("secret_sha256", sa.String(64), nullable=False),
        *(sa.Column(name, sa.DateTime(timezone=True), nullable=name != "created") for name in _MOMENTS),
    )


_MOMENTS = ("created", "expires", "revoked", "used")


def downgrade() -> None:
    """Remove the table."""
    op.drop_table("api_keys")
