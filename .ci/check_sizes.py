"""Small, and enforced: no function above 40 lines, no file above 400. Migrations are written by Django and left out."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FUNCTION_LINES = 40
FILE_LINES = 400
LEFT_OUT = {"migrations", "node_modules", "static", "__pycache__", "staticfiles", "var", "docs", "deploy"}
SUFFIXES = {".py", ".ts", ".js", ".css", ".html"}


def main() -> int:
    files = sorted(sources(ROOT))
    problems = [problem for file in files for problem in problems_of(file)]
    print("\n".join(problems) or f"{len(files)} files: all functions and files are small")
    return 1 if problems else 0


def sources(folder: Path) -> Iterator[Path]:
    for entry in folder.iterdir():
        if entry.is_dir() and entry.name not in LEFT_OUT and (entry.name == ".ci" or not entry.name.startswith(".")):
            yield from sources(entry)
        elif entry.suffix in SUFFIXES:
            yield entry


def problems_of(file: Path) -> Iterator[str]:
    where = file.relative_to(ROOT)
    text = file.read_text()
    lines = len(text.splitlines())
    if lines > FILE_LINES:
        yield f"{where}: {lines} lines; a file has at most {FILE_LINES}"
    if file.suffix == ".py":
        for function in functions(ast.parse(text)):
            length = length_of(function)
            if length > FUNCTION_LINES:
                yield f"{where}:{function.lineno}: {function.name} has {length} lines; at most {FUNCTION_LINES}"


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def length_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (function.end_lineno or 0) - function.lineno + 1


if __name__ == "__main__":
    sys.exit(main())
