"""A chat endpoint on loopback that answers well, and badly on order."""

import json
import threading
import time
from collections import Counter, defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from handx_gen.captions.prompt import INSTRUCTIONS


class CaptionServer:
    """Answers by the events it is shown.

    Attributes:
        answers: User message → the captions it should get, as JSON objects.
        moods: What to do with the first, second, … question about one clip, repeated
            for each clip; after the last it answers well. One of "429", "500", "slow",
            "cut" (body shorter than announced), "truncated", "schema", "echo", "prose",
            "empty", "401", "false", "redirect", "plain" (400 if asked for structure).
        asked: Questions per clip.
        good: Well-formed answers given per clip.
        busiest: Most questions under way at once.
        keys: Authorization headers seen.
    """

    def __init__(self, answers, moods=()):
        self.answers, self.moods = answers, list(moods)
        self.asked, self.good = Counter(), Counter()
        self.busiest, self.busy, self.keys = 0, 0, set()
        self.bodies = defaultdict(list)
        self.hold, self.lock = 0.0, threading.Lock()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                with server.lock:
                    server.busy += 1
                    server.busiest = max(server.busiest, server.busy)
                try:
                    server.answer(self)
                finally:
                    with server.lock:
                        server.busy -= 1

            def log_message(self, *arguments):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}/v1"

    def __enter__(self):
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *exc):
        self.http.shutdown()
        self.http.server_close()

    def answer(self, handler):
        length = int(handler.headers["Content-Length"])
        body = json.loads(handler.rfile.read(length))
        clip = body["messages"][1]["content"]
        with self.lock:
            turn = self.asked[clip]
            self.asked[clip] += 1
            self.keys.add(handler.headers.get("Authorization"))
            self.bodies[clip].append(body)
        time.sleep(self.hold)
        mood = self.moods[turn] if turn < len(self.moods) else "good"
        if mood == "plain":
            mood = "400" if "response_format" in body else "good"
            self.moods.append("plain")
        if mood in ("400", "401", "429", "500"):
            key = handler.headers.get("Authorization", "")
            extra = {"Retry-After": "0.01"} if mood == "429" else {}
            self.send(handler, int(mood), {"error": f"no: {key}"}, extra)
        elif mood == "redirect":
            self.send(handler, 307, {}, {"Location": "http://example.org/v1"})
        elif mood == "cut":
            whole = json.dumps(self.completion(clip, "good")).encode()
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(whole)))
            handler.end_headers()
            handler.wfile.write(whole[: len(whole) // 2])
            handler.close_connection = True
        else:
            if mood == "slow":
                time.sleep(0.6)
            self.send(handler, 200, self.completion(clip, mood))

    def completion(self, clip, mood):
        levels = self.answers[clip]
        text = json.dumps({"annotations": levels})
        if mood == "good":
            with self.lock:
                self.good[clip] += 1
        elif mood == "truncated":
            text = text[: len(text) * 2 // 3]
        elif mood == "schema":
            text = json.dumps({"annotations": [*levels[:4], {"left": 3}]})
        elif mood == "echo":
            text = INSTRUCTIONS + clip
        elif mood == "prose":
            text = "I am sorry, here are no captions."
        elif mood == "false":
            wrong = {**levels[4], "left": "The thumb touches the ring finger.",
                     "two_hands_relation": "The fingers interlace."}  # fmt: skip
            text = "```json\n" + json.dumps([*levels[:4], wrong]) + "\n```"
        content = None if mood == "empty" else text
        return {
            "choices": [{"message": {"role": "assistant", "content": content}}],
            "usage": {"prompt_tokens": 1000, "completion_tokens": 100},
        }

    def send(self, handler, status, value, headers=()):
        data = json.dumps(value).encode()
        try:
            handler.send_response(status)
            for name, text in dict(headers).items():
                handler.send_header(name, text)
            handler.send_header("Content-Length", str(len(data)))
            handler.end_headers()
            handler.wfile.write(data)
        except OSError:
            pass  # the client has given up waiting
