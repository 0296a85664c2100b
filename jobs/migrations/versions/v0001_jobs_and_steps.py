"""The first job book: jobs, their steps, their log, and idempotency keys."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _moment(name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    """Make the tables."""
    _jobs()
    _steps()
    op.create_table(
        "log",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("job_id", sa.String(36), sa.ForeignKey("jobs.id"), nullable=False, index=True),
        _moment("time", nullable=False),
        sa.Column("level", sa.String(16), nullable=False),
        sa.Column("message", sa.Text, nullable=False),
    )
    op.create_table(
        "idempotency",
        sa.Column("tenant", sa.String(64), primary_key=True),
        sa.Column("key", sa.String(255), primary_key=True),
        sa.Column("body_sha256", sa.String(64), nullable=False),
        sa.Column("job_id", sa.String(36), sa.ForeignKey("jobs.id"), nullable=False),
        _moment("created", nullable=False),
    )


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("request", sa.JSON, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("manifest_href", sa.Text),
        _moment("created", nullable=False),
        _moment("started"),
        _moment("finished"),
        _moment("updated", nullable=False),
        sa.Column("stage", sa.String(16)),
        sa.Column("progress", sa.Integer, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("tile_ids", sa.JSON),
        sa.Column("swept", sa.Integer, nullable=False),
        sa.Column("traceparent", sa.String(64)),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_index("jobs_by_tenant", "jobs", ["tenant", "created"])
    op.create_index("jobs_by_status", "jobs", ["status"])


def _steps() -> None:
    op.create_table(
        "steps",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("job_id", sa.String(36), sa.ForeignKey("jobs.id"), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("tile_id", sa.String(32), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("owner", sa.String(128)),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("excused", sa.Integer, nullable=False),
        sa.Column("postponed", sa.Integer, nullable=False),
        _moment("lease"),
        _moment("due", nullable=False),
        _moment("sent"),
        sa.Column("fraction", sa.Float, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("href", sa.Text),
        _moment("created", nullable=False),
        sa.UniqueConstraint("job_id", "kind", "tile_id", name="one_step_of_a_kind"),
    )
    op.create_index("steps_by_state", "steps", ["state", "due"])


def downgrade() -> None:
    """Remove the tables."""
    for table in ("idempotency", "log", "steps", "jobs"):
        op.drop_table(table)
