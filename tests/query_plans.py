"""How a database would go about a statement, at its best: tables as small as a test's it reads whole."""

from django.db import connection, transaction


def uses(statement: str, index: str) -> bool:
    """Whether it finds its rows by the index. PostgreSQL chooses between indexes by what it believes of the tables, and
    when it looks at them is its own affair; asked of it is whether any index serves, SQLite says which.
    """
    steps = _plan_of(statement)
    wanted = index if connection.vendor == "sqlite" else "Index Scan"
    return any(wanted in step for step in steps) and not reads_a_table_whole(statement)


def reads_a_table_whole(statement: str) -> bool:
    return any("Seq Scan" in step or ("SCAN " in step and " USING " not in step) for step in _plan_of(statement))


def _plan_of(statement: str) -> list[str]:
    """Without ways that go through a table, or through an index, from end to end."""
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for way in ("seqscan", "indexscan", "indexonlyscan"):
                cursor.execute(f"SET LOCAL enable_{way} = off")
        cursor.execute(("EXPLAIN " if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN ") + statement)
        return [str(row) for row in cursor.fetchall()]
