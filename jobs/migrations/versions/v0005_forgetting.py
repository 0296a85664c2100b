"""Ways to the rows of jobs that are to be swept behind or forgotten, and to the keys of their orders."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the indexes."""
    op.create_index("jobs_by_sweep", "jobs", ["swept", "status", "finished"])
    op.create_index("ix_idempotency_job_id", "idempotency", ["job_id"])


def downgrade() -> None:
    """Remove the indexes."""
    op.drop_index("ix_idempotency_job_id", "idempotency")
    op.drop_index("jobs_by_sweep", "jobs")
