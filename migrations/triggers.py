"""Statements that put a table under the register's triggers. Used by migrations; never changed, only added to."""

from collections.abc import Iterator, Sequence

APP_ROLE = "workplan_app"


def recorded(table: str) -> Iterator[str]:
    """Every change of the table goes into the journal."""
    yield f"""create trigger record_insert after insert on {table}
        referencing new table as new_rows for each statement execute function record_changes()"""
    yield f"""create trigger record_update after update on {table}
        referencing new table as new_rows for each statement execute function record_changes()"""
    yield f"""create trigger record_delete after delete on {table}
        referencing old table as old_rows for each statement execute function record_changes()"""
    yield f"""create trigger refuse_truncate before truncate on {table}
        for each statement execute function refuse('Records are deleted one by one, so that the journal sees them.')"""


def kept(table: str, permanent: str | None = None) -> Iterator[str]:
    """Versions and times are kept by the database; a human key, once given, stays."""
    yield f"""create trigger keep_version before update on {table}
        for each row execute function keep_version()"""
    if permanent:
        yield f"""create trigger keep_{permanent} before update of {permanent} on {table}
            for each row when (old.{permanent} is not null and old.{permanent} is distinct from new.{permanent})
            execute function refuse_permanent('{permanent}')"""


def own_keys(table: str) -> Iterator[str]:
    """Own keys are unique in their kind and lead to the record."""
    yield from _on_change(table, "own_keys", "mirror_own_keys()")


def searched(table: str, title: str, text: str) -> Iterator[str]:
    """Words of the record, as SQL expressions over the row `r`, are found by search."""
    yield from _on_change(table, "search", f"mirror_search_text($sql${title}$sql$, $sql${text}$sql$)")


def linked(table: str, column: str, through: str, owner: str, target: str) -> Iterator[str]:
    """A list of references in JSON is mirrored as rows with foreign keys."""
    function = f"mirror_links('{through}', '{owner}', '{target}', '{column}')"
    yield f"""create trigger link_{column}_insert after insert on {table}
        referencing new table as new_rows for each statement execute function {function}"""
    yield f"""create trigger link_{column}_update after update on {table}
        referencing old table as old_rows new table as new_rows for each statement execute function {function}"""


def spread(
    table: str, key: str, mirrored: str, column: str, through: str, owner: str, target: str
) -> Iterator[str]:
    """A key that a record is given late appears in the lists that name the record."""
    yield f"""create trigger spread_{key}_to_{mirrored} after update of {key} on {table}
        for each row when (old.{key} is null and new.{key} is not null)
        execute function spread_key('{mirrored}', '{column}', '{through}', '{owner}', '{target}', '{key}')"""


def writable(tables: Sequence[str]) -> Iterator[str]:
    """The service's own role may read and write these tables."""
    yield f"grant select, insert, update, delete on {', '.join(tables)} to {APP_ROLE}"


def readable(tables: Sequence[str]) -> Iterator[str]:
    """The service's own role may only read these tables; triggers write them."""
    yield f"grant select on {', '.join(tables)} to {APP_ROLE}"


def _on_change(table: str, name: str, function: str) -> Iterator[str]:
    yield f"""create trigger {name}_insert after insert on {table}
        referencing new table as new_rows for each statement execute function {function}"""
    yield f"""create trigger {name}_update after update on {table}
        referencing old table as old_rows new table as new_rows for each statement execute function {function}"""
    yield f"""create trigger {name}_delete after delete on {table}
        referencing old table as old_rows for each statement execute function {function}"""
