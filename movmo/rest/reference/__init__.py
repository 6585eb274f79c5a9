"""The reference page at /docs, read off the OpenAPI document, so that page and document cannot disagree."""
