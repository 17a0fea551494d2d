"""What Alembic runs: the migrations over the connection it was given. The caller decides which database."""

from alembic import context
from sqlalchemy import text

from migrations.models import metadata

connection = context.config.attributes["connection"]
if connection.dialect.name == "mariadb":
    # Text is compared byte by byte, as on the other databases: names that differ in a capital are two names,
    # and so are people. Every table made below takes it from the database, however that was made.
    connection.execute(text("ALTER DATABASE CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin"))
context.configure(
    connection=connection,
    target_metadata=metadata,
    # SQLite cannot alter a table in place; Alembic copies it instead.
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
