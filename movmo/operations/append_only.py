"""Tables of the audit trail take new rows and nothing else: triggers refuse every change and every deletion. One line
alone may go: that whose seal is in a recorded archive (see `archive`).

Whoever may change the database's schema can lift them. That leaves traces in the chain of seals, which `audit_verify`
finds, because its key is not in the database.
"""

from django.db.backends.base.base import BaseDatabaseWrapper

TABLES = ("audit_event", "audit_seal", "audit_head")
ARCHIVES = "audit_archive"
REFUSAL = "the audit trail takes new rows and nothing else"

_FUNCTION = f"""
CREATE OR REPLACE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$
"""

_IS_ARCHIVED = """EXISTS (SELECT 1 FROM audit_seal s JOIN audit_archive a
    ON a.shard = s.shard AND s.sequence BETWEEN a.first AND a.last WHERE s.event_id = OLD.id)"""
_FUNCTION_OF_ARCHIVED = f"""
CREATE OR REPLACE FUNCTION audit_is_archived() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN IF NOT {_IS_ARCHIVED} THEN RAISE EXCEPTION '{REFUSAL}'; END IF; RETURN OLD; END $$
"""


def install(connection: BaseDatabaseWrapper) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_FUNCTION)
        for table in TABLES:
            for statement in _triggers(table, connection.vendor):
                cursor.execute(statement)


def let_archived_go(connection: BaseDatabaseWrapper) -> None:
    """Beside `install`, once there is the table of archives."""
    is_postgresql = connection.vendor == "postgresql"
    name = "audit_event_no_delete"
    conditional = (
        f"CREATE TRIGGER {name} BEFORE DELETE ON audit_event FOR EACH ROW EXECUTE FUNCTION audit_is_archived()"
        if is_postgresql
        else f"CREATE TRIGGER {name} BEFORE DELETE ON audit_event WHEN NOT {_IS_ARCHIVED} "
        f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
    )
    with connection.cursor() as cursor:
        if is_postgresql:
            cursor.execute(_FUNCTION_OF_ARCHIVED)
        cursor.execute(f"DROP TRIGGER IF EXISTS {name}{' ON audit_event' if is_postgresql else ''}")
        for statement in (conditional, *_triggers(ARCHIVES, connection.vendor)):
            cursor.execute(statement)


def let_nothing_go(connection: BaseDatabaseWrapper) -> None:
    """As `install` left it."""
    lift(connection)
    install(connection)


def lift(connection: BaseDatabaseWrapper) -> None:
    with connection.cursor() as cursor:
        for table in (*TABLES, ARCHIVES):
            for name in ("update", "delete", "truncate"):
                on = f" ON {table}" if connection.vendor == "postgresql" else ""
                cursor.execute(f"DROP TRIGGER IF EXISTS {table}_no_{name}{on}")


def _triggers(table: str, vendor: str) -> list[str]:
    if vendor == "postgresql":
        each = "EXECUTE FUNCTION audit_is_append_only()"
        return [
            f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} FOR EACH ROW {each}",
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH ROW {each}",
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {each}",
        ]
    return [
        f"CREATE TRIGGER {table}_no_{what.lower()} BEFORE {what} ON {table} BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
        for what in ("UPDATE", "DELETE")
    ]
