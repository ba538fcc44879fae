"""The description of this interface as one plain page: drawn here from the OpenAPI schema, with no script and nothing from elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import escape
from typing import Any

from fastapi import FastAPI
from fastapi.responses import HTMLResponse

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1C1F23;background:#fff}
code,pre{font:14px/1.45 ui-monospace,monospace;background:#F1F2F3}pre{padding:.75rem;overflow-x:auto}a{color:#004C97}
section{border-top:1px solid #C4C8CC;margin-top:1.5rem}
table{border-collapse:collapse}th,td{text-align:left;padding:.2rem 1rem .2rem 0;vertical-align:top}
"""


def install(app: FastAPI) -> None:
    """Serve the page at /api/docs; the schema itself is at /api/openapi.json."""

    @app.api_route("/api/docs", methods=["GET", "HEAD"], include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(page(app.openapi()))


def page(schema: dict[str, Any]) -> str:
    """The HTML page of an OpenAPI schema: a contents list, then each path with its parameters, body, answers and the shapes they name."""
    operations = list(_operations(schema))
    contents = "".join(
        f'<li><a href="#{key}"><code>{escape(title)}</code></a> {escape(op["summary"])}</li>' for key, title, op in operations
    )
    shapes = schema.get("components", {}).get("schemas", {})
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(schema['info']['title'])}</title><style>{_STYLE}</style></head><body><main>"
        f"<h1>{escape(schema['info']['title'])}</h1><p>{escape(schema['info'].get('description', ''))}</p>"
        '<p>The same as <a href="openapi.json">OpenAPI JSON</a>, for programs.</p>'
        f"<nav aria-label='Paths'><ul>{contents}</ul></nav>"
        + "".join(_operation(key, title, op) for key, title, op in operations)
        + "<h2>Shapes</h2>"
        + "".join(_shape(name, shape) for name, shape in sorted(shapes.items()))
        + "</main></body></html>"
    )


def _operations(schema: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield f"{method}-{path.strip('/').replace('/', '-').replace('{', '').replace('}', '')}", f"{method.upper()} {path}", operation


def _operation(key: str, title: str, operation: dict[str, Any]) -> str:
    parameters = "".join(
        f"<tr><td><code>{escape(p['name'])}</code></td><td>{escape(p['in'])}</td><td>{_type(p.get('schema', {}))}</td>"
        f"<td>{escape(p.get('description', ''))}</td></tr>"
        for p in operation.get("parameters", [])
    )
    table = f"<table><tr><th>Parameter</th><th>In</th><th>Type</th><th>Meaning</th></tr>{parameters}</table>" if parameters else ""
    bodies = "".join(
        f"<p>Body <code>{escape(kind)}</code>: {_type(one.get('schema', {}))}</p>"
        for kind, one in operation.get("requestBody", {}).get("content", {}).items()
    )
    answers = "".join(
        f"<li><strong>{escape(code)}</strong> {escape(answer.get('description', ''))} "
        + " ".join(_type(one.get("schema", {})) for one in answer.get("content", {}).values())
        + "</li>"
        for code, answer in operation.get("responses", {}).items()
    )
    words = escape(operation.get("description", ""))
    return f'<section id="{key}"><h2><code>{escape(title)}</code></h2><p>{words}</p>{table}{bodies}<ul>{answers}</ul></section>'


def _shape(name: str, shape: dict[str, Any]) -> str:
    return f'<section id="shape-{escape(name)}"><h3>{escape(name)}</h3><pre>{escape(json.dumps(shape, indent=1))}</pre></section>'


def _type(schema: dict[str, Any]) -> str:
    """The type of a value in a few words, with a link to the shape it names."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rsplit("/", 1)[-1])
        return f'<a href="#shape-{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(_type(one) for one in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return escape(str(schema.get("type", "any")))
