"""The OpenAPI 3.1 document, derived from the registry. Pydantic's JSON Schema (2020-12) is native to it."""
