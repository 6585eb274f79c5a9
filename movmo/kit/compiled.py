"""A read by equality whose SQL is compiled once: on the hottest read compiling costs more than the database does."""

from functools import cached_property
from typing import Any, Generic, TypeVar, cast

from django.db import connection, models

Row = TypeVar("Row", bound=models.Model)
Converters = dict[int, tuple[list[Any], Any]]


class CompiledGet(Generic[Row]):
    """`get = CompiledGet(Booking, "id", "user")`, then `get(id, user_id)`: the row of which both hold, or None.

    What `filter(…).first()` gives, less its generality. The rows are whole: nothing is deferred or joined.
    """

    def __init__(self, model: type[Row], *fields: str) -> None:
        self._model = model
        self._fields = [cast("models.Field[Any, Any]", model._meta.get_field(name)) for name in fields]

    def __call__(self, *values: Any) -> Row | None:
        stored = [field.get_db_prep_value(value, connection) for field, value in zip(self._fields, values, strict=True)]
        with connection.cursor() as cursor:
            cursor.execute(self._statement, stored)
            row = cursor.fetchone()
        if row is None:
            return None
        columns = list(row)
        for position, (convert, expression) in self._converters.items():
            for converter in convert:
                columns[position] = converter(columns[position], expression, connection)
        return self._model.from_db(connection.alias, self._names, columns)

    @cached_property
    def _compiler(self) -> Any:
        """Values are left open: any that the fields take would do, and each brings one placeholder."""
        wanted = {field.attname: self._model._meta.pk.get_default() for field in self._fields}
        return self._model._default_manager.filter(**wanted).query.get_compiler(connection=connection)

    @cached_property
    def _statement(self) -> str:
        statement: str = self._compiler.as_sql()[0]
        return statement

    @cached_property
    def _converters(self) -> Converters:
        _ = self._statement  # compiling is what settles the columns
        selected = [column for column, _, _ in self._compiler.select]
        converters: Converters = self._compiler.get_converters(selected)
        return converters

    @cached_property
    def _names(self) -> list[str]:
        return [field.attname for field in self._model._meta.concrete_fields]
