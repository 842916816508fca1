"""A server of `handx serve` on a free port, and requests held against its schema."""

import http.client
import json
import threading
from contextlib import contextmanager

import jsonschema

from handx.server.engine import Engine
from handx.server.http import Server
from handx.server.schema import SCHEMAS, openapi

TOKEN = "a-token-of-the-test"
ROBOTS, MODELS = ("inspire", "shadow"), ("auto", "program")


@contextmanager
def answering(book):
    """A server whose engine is not started: jobs stay where they are put."""
    made = Server(0, book, Engine(book), ROBOTS, MODELS)
    made.token = TOKEN
    thread = threading.Thread(target=made.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield made
    finally:
        made.ending.set()
        made.shutdown()
        thread.join()
        made.server_close()


def ask(server, method, path, body=None, token=TOKEN, **headers):
    """(status, parsed body) of one request with these very headers."""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=5)
    own = {"Authorization": f"Bearer {token}"} if token else {}
    if body is not None:
        own["Content-Type"] = "application/json"
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
    try:
        connection.request(
            method, path, body,
            {**own, **{k.replace("_", "-"): v for k, v in headers.items()}},
        )  # fmt: skip
        answer = connection.getresponse()
        data = answer.read()
    finally:
        connection.close()
    parsed = json.loads(data) if data else None
    check(method, path, answer.status, parsed)
    return answer.status, parsed


def check(method, path, status, body):
    """Hold an answer against the schema of its operation, or of errors."""
    document = openapi()
    parts = path.split("?")[0].split("/")
    for template, operations in document["paths"].items():
        pattern = template.split("/")
        if len(pattern) == len(parts) and all(
            p == q or p.startswith("{") for p, q in zip(pattern, parts)
        ):
            operation = operations.get(method.lower())
            if operation is not None and str(status) in operation["responses"]:
                content = operation["responses"][str(status)]["content"]
                schema = content.get("application/json", {}).get("schema", {})
                validate(body, schema)
                return
    assert status >= 400, f"{method} {path} → {status} is not in the schema"
    validate(body, {"$ref": "#/components/schemas/Error"})


def validate(body, schema):
    jsonschema.Draft202012Validator(
        {**schema, "components": {"schemas": SCHEMAS}}
    ).validate(body)
