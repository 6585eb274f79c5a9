"""Where files are kept that people fetch: Django's storages, by the environment."""

import re
from typing import Any

from movmo import env
from movmo.env import Misconfigured


def exports() -> dict[str, Any]:
    """Where finished exports are kept: in the S3 bucket that is named, of AWS or of the endpoint, or in a folder."""
    bucket = env.text("MOVMO_EXPORTS_S3_BUCKET", "")
    if not bucket:
        location = env.text("MOVMO_EXPORTS_DIR", "") or str(env.var_dir() / "exports")
        modes = {"file_permissions_mode": 0o600, "directory_permissions_mode": 0o700}
        return {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": location, **modes}}
    endpoint = env.text("MOVMO_EXPORTS_S3_ENDPOINT", "")
    if endpoint and not re.fullmatch(r"https?://[\w.-]+(:\d{1,5})?", endpoint, re.ASCII):
        raise Misconfigured(f"MOVMO_EXPORTS_S3_ENDPOINT must be like https://s3.example.com, not {endpoint!r}")
    if env.is_production() and endpoint.startswith("http://"):
        raise Misconfigured("MOVMO_EXPORTS_S3_ENDPOINT must begin with https:// in production")
    access_key = env.text("MOVMO_EXPORTS_S3_ACCESS_KEY_ID", "")
    secret_key = env.confidential("MOVMO_EXPORTS_S3_SECRET_ACCESS_KEY")
    if bool(access_key) is not bool(secret_key):
        raise Misconfigured(
            "MOVMO_EXPORTS_S3_ACCESS_KEY_ID and MOVMO_EXPORTS_S3_SECRET_ACCESS_KEY belong together; without both the "
            "machine's own role is used"
        )
    options = {
        "bucket_name": bucket,
        "endpoint_url": endpoint or None,
        "region_name": env.text("MOVMO_EXPORTS_S3_REGION", "") or None,
        "location": env.text("MOVMO_EXPORTS_S3_PREFIX", ""),
        "access_key": access_key or None,
        "secret_key": secret_key or None,
        "file_overwrite": False,
        "client_config": _of_s3(path_style=bool(endpoint)),
    }
    return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}


def statements() -> dict[str, Any]:
    """Where statements wait for a worker."""
    return _beside_exports("statements", env.text("MOVMO_STATEMENTS_DIR", ""))


def audit() -> dict[str, Any]:
    """Where lines of the audit trail are kept that left the database. Nothing here is ever deleted by us."""
    return _beside_exports("audit", env.text("MOVMO_AUDIT_DIR", ""))


def _beside_exports(name: str, folder: str) -> dict[str, Any]:
    """In the bucket of the exports, or in a folder of its own."""
    kept = exports()
    options = dict(kept["OPTIONS"])
    if "bucket_name" in options:
        options["location"] = "/".join(part for part in (options["location"].strip("/"), name) if part)
    else:
        options["location"] = folder or str(env.var_dir() / name)
    return {**kept, "OPTIONS": options}


def _of_s3(*, path_style: bool) -> Any:
    from botocore.config import Config  # slow to import, and needed by few

    return Config(
        signature_version="s3v4",
        s3={"addressing_style": "path" if path_style else "virtual"},
        # Others than AWS often do not know the newer checksums. What counts is the SHA-256 of the whole file, anyway.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        connect_timeout=5,
        read_timeout=60,
        retries={"max_attempts": 3},
    )
