"""The top level is fixed, and every package on it stands under the checks of pyproject.toml."""

import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = {"movmo", "bookings", "partners", "mcp_server", "checkout_widget"}
FOLDERS = PACKAGES | {"templates", "tests", "docs", "deploy"}
# Made by running Movmo; git ignores them.
MADE = {"var", "staticfiles", "htmlcov", "__pycache__"}


def main() -> int:
    problems = list(problems_found())
    print("\n".join(problems) or "every package on the top level is checked")
    return 1 if problems else 0


def problems_found() -> Iterator[str]:
    folders = {entry.name for entry in ROOT.iterdir() if entry.is_dir() and not entry.name.startswith(".")}
    for name in sorted(folders - FOLDERS - MADE):
        if not (ROOT / name / "pyvenv.cfg").exists():
            yield f"{name}/ is no room of the top level: {', '.join(sorted(FOLDERS))}"
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    lists = {
        "importlinter.root_packages": tools["importlinter"]["root_packages"],
        "mypy.files": tools["mypy"]["files"],
        "coverage.run.source": tools["coverage"]["run"]["source"],
    }
    for package in sorted(PACKAGES & folders):
        for setting, known in lists.items():
            if package not in known:
                yield f"{package} is missing in tool.{setting} of pyproject.toml"
    yield from doors_left_out(tools, folders)
    yield from apps_without_migrations(PACKAGES & folders)


def doors_left_out(tools: dict[str, dict[str, list[dict[str, list[str]]]]], folders: set[str]) -> Iterator[str]:
    """A door may dispatch and may not know the domain; import-linter cannot name a door before it exists."""
    contracts = tools["importlinter"]["contracts"]
    for number, setting in (("2 ", "source_modules"), ("7 ", "allowed_importers")):
        contract = next(contract for contract in contracts if str(contract["name"]).startswith(number))
        for door in sorted({"mcp_server", "checkout_widget"} & folders):
            if door not in contract[setting]:
                yield f"{door} is missing in {setting} of import contract {number.strip()}"


def apps_without_migrations(packages: set[str]) -> Iterator[str]:
    """`makemigrations --check` is silent about an app that has no migrations folder at all."""
    for package in sorted(packages):
        for app in sorted((ROOT / package).rglob("apps.py")):
            if (app.parent / "models.py").exists() and not (app.parent / "migrations" / "__init__.py").exists():
                yield f"{app.parent.relative_to(ROOT)} has tables and no migrations: manage.py makemigrations"


if __name__ == "__main__":
    sys.exit(main())
