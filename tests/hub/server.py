#!/usr/bin/env python3
"""Plays the Hugging Face Hub on two ports of this machine: the Hub itself and another host that stores large files.

    server.py FOLDER FILE_OF_PORTS FILE_OF_REQUESTS

FOLDER/ORG/NAME holds the files of a model. The first part of a model's name says how the server behaves: "reset-once/m"
is "m" whose large file breaks off once; see FAULTS. One line a request is written to FILE_OF_REQUESTS: host, method,
path, Range and whether a token came, or "wrong-token". The ports are "HUB STORE" in FILE_OF_PORTS.
"""
import hashlib
import http.server
import json
import os
import socket
import struct
import sys
import threading
import time
import urllib.parse

ROOT, PORTS, REQUESTS = sys.argv[1:4]
TOKEN = "hf_right"
COMMITS = {"main": "1" * 40, "refs/pr/1": "2" * 40, "v2": "3" * 40}
counts = {}
lock = threading.Lock()


def times(key):
    """How often this was asked before."""
    with lock:
        counts[key] = counts.get(key, 0) + 1
        return counts[key] - 1


def is_lfs(name, data):
    return name.endswith(".safetensors") or name.endswith(".bin") or len(data) > 100_000


def etag(name, data):
    if is_lfs(name, data):
        return hashlib.sha256(data).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def note(self):
        authorization = self.headers.get("Authorization", "")
        token = {"": "no-token", "Bearer " + TOKEN: "token"}.get(authorization, "wrong-token")
        self.token = token
        with lock, open(REQUESTS, "a") as out:
            print(self.server.role, self.command, self.path, self.headers.get("Range", "-"), token, file=out)

    def answer(self, status, body=b"", headers=(), length=None):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def refuse(self, status, code="", headers=()):
        self.answer(status, b'{"error":"no"}', [("X-Error-Code", code), ("X-Error-Message", "no")] + list(headers))

    def break_off(self):
        """Ends the connection as a crash does: a reset, no end of the stream."""
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        self.note()
        path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
        parts = [part for part in path.split("/") if part]
        if self.server.role == "store":
            return self.send_large(parts[0], parts[1], parts[2])
        if parts[:2] == ["api", "models"]:
            return self.send_listing(parts[2:])
        if "resolve" in parts:
            at = parts.index("resolve")
            return self.send_file("/".join(parts[:at]), parts[at + 1], "/".join(parts[at + 2:]))
        return self.refuse(404)

    # --- the API

    def send_listing(self, parts):
        word = "tree" if "tree" in parts else "revision"
        at = parts.index(word) if word in parts else len(parts)
        model, revision = "/".join(parts[:at]), "/".join(parts[at + 1:]) or "main"
        fault = model.split("/")[0]
        folder = self.folder(model)
        if fault == "gated" and self.token != "token":
            return self.refuse(401 if self.token == "no-token" else 403, "GatedRepo")
        if fault == "private" and self.token != "token":
            return self.refuse(401, "RepoNotFound")
        if fault == "html":
            return self.answer(200, b"<!DOCTYPE html><html>log in</html>", [("Content-Type", "text/html")])
        if fault == "loop":
            return self.answer(307, headers=[("Location", self.path)])
        if fault == "busy":
            return self.refuse(503)
        if fault == "busy-once" and times(model) == 0:
            return self.refuse(503)
        if fault == "limit":
            return self.refuse(429, headers=[("Retry-After", "3600")])
        if fault == "limit-once" and times(model) == 0:
            return self.refuse(429, headers=[("Retry-After", "1")])
        if fault == "tricky":
            return self.answer(200, json.dumps({"sha": "../../../../etc", "siblings": []}).encode())
        if fault == "old":
            return self.answer(307, headers=[("Location", self.path.replace("/old/", "/new/"))])
        if folder is None:
            return self.refuse(404 if self.token == "token" else 401, "RepoNotFound")
        commit = COMMITS.get(revision, revision)
        if commit not in COMMITS.values():
            return self.refuse(404, "RevisionNotFound")
        names = sorted(os.listdir(folder))
        if word == "tree":
            rows = [self.tree_row(folder, name) for name in names]
            return self.answer(200, json.dumps(rows).encode(), [("Content-Type", "application/json")])
        body = {"id": model, "modelId": model, "sha": commit, "siblings": [{"rfilename": name} for name in names]}
        return self.answer(200, json.dumps(body).encode(), [("Content-Type", "application/json")])

    def tree_row(self, folder, name):
        data = self.read(folder, name)
        row = {"type": "file", "path": name, "size": len(data), "oid": hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()}
        if is_lfs(name, data):
            row["lfs"] = {"oid": etag(name, data), "size": len(data), "pointerSize": 130}
        return row

    # --- files

    def folder(self, model):
        path = os.path.join(ROOT, model.split("/")[-1])
        return path if os.path.isdir(path) else None

    def read(self, folder, name):
        with open(os.path.join(folder, name), "rb") as file:
            return file.read()

    def send_file(self, model, revision, name):
        fault, folder = model.split("/")[0], self.folder(model)
        if fault == "old":
            return self.answer(307, headers=[("Location", self.path.replace("/old/", "/new/"))])
        if folder is None:
            return self.refuse(401, "RepoNotFound")
        if not os.path.exists(os.path.join(folder, name)):
            return self.refuse(404, "EntryNotFound", [("X-Repo-Commit", COMMITS["main"])])
        data = self.read(folder, name)
        headers = [("X-Repo-Commit", COMMITS.get(revision, revision))]
        if not is_lfs(name, data):
            return self.answer(200, data, headers + [("ETag", 'W/"%s"' % etag(name, data))])
        if fault == "mirror":  # another host answers for the file, and only it says which file it is
            return self.answer(302, b"Found", [("Location", "http://localhost:%d/mirror/%s/%s" % (
                self.server.store_port, model.split("/")[-1], name))])
        store = "http://%s:%d/%s/%s/%s?signature=secret" % (
            "localhost", self.server.store_port, fault, model.split("/")[-1], name)
        return self.answer(302, b"Found", headers + [("Location", store), ("X-Linked-Size", str(len(data))),
                                                     ("X-Linked-ETag", '"%s"' % etag(name, data)), ("ETag", '"other"')])

    def send_large(self, fault, model, name):
        data = self.read(os.path.join(ROOT, model), name)
        asked = times((fault, model, name))
        begin = 0
        wanted = self.headers.get("Range", "")
        if wanted.startswith("bytes=") and fault != "no-range":
            begin = int(wanted[6:].split("-")[0])
        if begin > 0 and begin >= len(data):
            return self.answer(416)
        if fault == "bad-hash" or (fault == "bad-hash-once" and asked == 0):
            data = bytes([data[0] ^ 1]) + data[1:]
        if fault == "wrong-range" and begin > 0 and asked == 1:
            return self.answer(206, data[begin - 1:], [("Content-Range", "bytes %d-%d/%d" % (begin - 1, len(data) - 1, len(data)))])
        if fault == "short" and asked < 9:
            data = data[:-1]
        if fault == "long":
            data += b"!"
        status, headers = 200, [("ETag", '"%s"' % etag(name, data))] if fault == "mirror" else []
        if begin > 0:
            status, headers = 206, [("Content-Range", "bytes %d-%d/%d" % (begin, len(data) - 1, len(data)))]
        body = data[begin:]
        half = min(500, len(body)) if "drip" in fault else len(body) // 2
        breaks = fault == "reset-once" and asked == 0 or fault in ("no-range", "wrong-range") and asked == 0 or fault == "reset"
        if breaks or fault in ("drip", "drip-once") and (fault == "drip" or asked == 0) or fault == "slow" and name.startswith("model"):
            self.send_response(status)
            for header in headers:
                self.send_header(*header)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[:half])
            self.wfile.flush()
            if breaks:
                time.sleep(0.1)
                return self.break_off()
            step = 1 if "drip" in fault else max(1, half // 50)
            for i in range(half, len(body), step):
                self.wfile.write(body[i:i + step])
                self.wfile.flush()
                time.sleep(0.02)
            return None
        return self.answer(status, body, headers)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        pass  # a client that goes away, or a connection that was broken off on purpose


def main():
    hub, store = Server(("127.0.0.1", 0), Handler), Server(("127.0.0.1", 0), Handler)
    hub.role, store.role = "hub", "store"
    hub.store_port = store.server_port
    threading.Thread(target=store.serve_forever, daemon=True).start()
    with open(PORTS + ".new", "w") as out:
        print(hub.server_port, store.server_port, file=out)
    os.rename(PORTS + ".new", PORTS)
    hub.serve_forever()


main()
