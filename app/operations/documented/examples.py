"""Examples in the OpenAPI text: a body that can be sent as it is, a record as it is read."""

from typing import Any

from app.collection.collection import Collection

EXAMPLE_ID = "019aa5d0-6b7c-7c3e-9c39-0d1f5b3a7e11"
EXAMPLE_REQUEST = "0c0d5f7e8a9b4c1d8e2f3a4b5c6d7e8f"


def request_example(collection: Collection) -> dict[str, Any]:
    """A body that can be sent as it is: the example of the schema, or one made of the examples of its fields."""
    if collection.example is not None:
        return dict(collection.example)
    return {name: example_of(collection, name) for name in collection.writable if name != "keys"}


def patch_example(collection: Collection) -> dict[str, Any]:
    name = next(
        name
        for name in ("title", "name", "office", "overview", "narrative", "reason")
        if name in collection.outputs
    )
    return {name: example_of(collection, name)}


def record_example(collection: Collection) -> dict[str, Any]:
    """A record as it is read, made of the examples of its fields."""
    return {name: example_of(collection, name) for name in collection.outputs}


def example_of(collection: Collection, name: str) -> Any:
    """The first example of a field."""
    return collection.examples[name]
