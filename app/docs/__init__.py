"""The documentation pages: two views of the OpenAPI document that need nothing from any other server."""
