"""The API in OpenAPI 3.1, which is also what `GET /v1/openapi.json` answers.

Component schemas are plain JSON Schema with no room for undeclared fields, so that a
test can hold every answer against them.
"""

from typing import Any

from handx import __version__
from handx.server.jobs import ENDED, FILES, QUEUE_LIMIT
from handx.server.requests import MAX_SAMPLES

TEXT: dict[str, Any] = {"type": "string"}
NUMBER: dict[str, Any] = {"type": "number"}
COUNT: dict[str, Any] = {"type": "integer", "minimum": 0}
FRACTION: dict[str, Any] = {"type": "number", "minimum": 0, "maximum": 1}
SECONDS: dict[str, Any] = {"type": ["number", "null"], "description": "[s]"}


def _object(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict:
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


_SEGMENT = _object(
    {},
    {
        "sentence": TEXT,
        "left": TEXT,
        "right": TEXT,
        "relation": TEXT,
        "seconds": SECONDS,
    },
)
_REQUEST_FIELDS = {
    "text": {"type": "string", "description": "what the hands should do, in English"},
    "plan": _object({"segments": {"type": "array", "items": _SEGMENT}}),
    "robot": {"type": "string", "default": "shadow"},
    "model": {"type": "string", "default": "auto"},
    "seed": {"type": "integer", "minimum": 0, "maximum": 2**31 - 1, "default": 0},
    "seconds": SECONDS,
    "samples": {
        "type": "integer",
        "minimum": 1,
        "maximum": MAX_SAMPLES,
        "default": 1,
    },
    "video": {"type": "boolean", "default": False},
}

SCHEMAS: dict[str, dict[str, Any]] = {
    "JobRequest": {
        **_object({}, _REQUEST_FIELDS),
        "oneOf": [{"required": ["text"]}, {"required": ["plan"]}],
    },
    "Verdict": _object(
        {
            "answer": {"enum": ["yes", "no", "can't tell"]},
            "reasons": {"type": "array", "items": TEXT},
        }
    ),
    "File": _object(
        {
            "name": {"enum": list(FILES)},
            "bytes": COUNT,
            "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        }
    ),
    "Result": _object(
        {
            "passed": {"type": "boolean"},
            "verdicts": _object(
                {name: _ref("Verdict") for name in ("text", "hand", "physics")}
            ),
            "model": TEXT,
            "warning": TEXT,
            "duration": {**NUMBER, "description": "of the trajectory [s]"},
            "stretch": {**NUMBER, "description": "more time than the motion took"},
            "seconds": {
                "type": "object",
                "additionalProperties": NUMBER,
                "description": "stage → time it took [s]",
            },
            "files": {"type": "array", "items": _ref("File")},
        }
    ),
    "Job": _object(
        {
            "id": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
            "state": {"enum": ["queued", "running", *ENDED]},
            "stage": TEXT,
            "fraction": FRACTION,
            "created": NUMBER,
            "request": _ref("JobRequest"),
            "error": TEXT,
            "result": {"oneOf": [_ref("Result"), {"type": "null"}]},
        }
    ),
    "Jobs": _object({"jobs": {"type": "array", "items": _ref("Job")}}),
    "Event": _object(
        {
            "number": {"type": "integer", "minimum": 1},
            "kind": {"enum": ["queued", "running", "stage", *ENDED]},
            "stage": TEXT,
            "fraction": FRACTION,
            "time": {**NUMBER, "description": "since the epoch [s]"},
            "message": TEXT,
        }
    ),
    "Health": _object(
        {
            "version": TEXT,
            "engine": {"enum": ["starting", "ready", "busy", "down"]},
            "waiting": COUNT,
            "queue_limit": COUNT,
            "warm_seconds": SECONDS,
            "restarts": COUNT,
            "note": TEXT,
        }
    ),
    "Choices": _object(
        {
            "robots": {"type": "array", "items": TEXT},
            "models": {"type": "array", "items": TEXT},
        }
    ),
    "Error": _object(
        {
            "error": _object(
                {
                    "message": TEXT,
                    "field": {"type": "string", "description": "or empty"},
                }
            )
        }
    ),
}

_REFUSALS = {
    400: "a field is wrong",
    401: "the token is missing or wrong",
    403: "not from this machine, or from a web page",
    404: "no such thing",
    413: "the body is too large",
    415: "the body is not application/json",
    429: f"{QUEUE_LIMIT} jobs wait already",
}


def _answer(text: str, schema: str, kind: str = "application/json") -> dict[str, Any]:
    return {"description": text, "content": {kind: {"schema": _ref(schema)}}}


def _operation(
    summary: str,
    status: int,
    answer: dict[str, Any],
    refusals: tuple[int, ...],
    **more: Any,
) -> dict[str, Any]:
    return {
        "summary": summary,
        "responses": {
            str(status): answer,
            **{str(code): _answer(_REFUSALS[code], "Error") for code in refusals},
        },
        **more,
    }


def _parameter(name: str, where: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": where, "required": where == "path", "schema": schema}


_JOB = _parameter("job", "path", {"type": "string"})
_OPEN: dict[str, Any] = {"security": []}


def openapi() -> dict[str, Any]:
    """The whole document."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "handx serve", "version": __version__},
        "servers": [{"url": "http://127.0.0.1:7471"}],
        "security": [{"token": []}],
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "paths": {
            "/v1/health": {
                "get": _operation(
                    "What the engine is doing",
                    200,
                    _answer("", "Health"),
                    (403,),
                    **_OPEN,
                )
            },
            "/v1/openapi.json": {
                "get": _operation(
                    "This document",
                    200,
                    {"description": "", "content": {"application/json": {}}},
                    (403,),
                    **_OPEN,
                )
            },
            "/v1/choices": {
                "get": _operation(
                    "Robots and models", 200, _answer("", "Choices"), (401, 403)
                )
            },
            "/v1/jobs": {
                "get": _operation("All jobs", 200, _answer("", "Jobs"), (401, 403)),
                "post": _operation(
                    "Ask for a motion",
                    201,
                    _answer("queued", "Job"),
                    (400, 401, 403, 413, 415, 429),
                    requestBody={
                        "required": True,
                        "content": {"application/json": {"schema": _ref("JobRequest")}},
                    },
                ),
            },
            "/v1/jobs/{job}": {
                "parameters": [_JOB],
                "get": _operation("One job", 200, _answer("", "Job"), (401, 403, 404)),
                "delete": _operation(
                    "Call a job off", 202, _answer("", "Job"), (401, 403, 404)
                ),
            },
            "/v1/jobs/{job}/events": {
                "parameters": [_JOB],
                "get": _operation(
                    "What happens to it, as server-sent events, until it has ended",
                    200,
                    _answer("each `data:` is an Event", "Event", "text/event-stream"),
                    (400, 401, 403, 404),
                    parameters=[
                        _parameter("after", "query", COUNT),
                        _parameter("Last-Event-ID", "header", COUNT),
                    ],
                ),
            },
            "/v1/jobs/{job}/files/{name}": {
                "parameters": [_JOB, _parameter("name", "path", {"enum": list(FILES)})],
                "get": _operation(
                    "A file of its result",
                    200,
                    {"description": "", "content": {"application/octet-stream": {}}},
                    (401, 403, 404),
                ),
            },
        },
    }
