"""A small stand-in of the Hugging Face Hub's endpoints on 127.0.0.1, as far as pushing and loading a data set goes.

Written after the requests that huggingface_hub and datasets make. `cut_at` breaks the connection in the middle of an
upload and of everything after it, until `mend()`.
"""

import base64
import hashlib
import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlparse

LARGE = (".parquet", ".png", ".jpg")  # kept by their sha256, as the Hub's .gitattributes has it
WRITE, READ = "hf_write", "hf_read"  # tokens of anna's
OWNER = "anna"


@dataclass
class Repo:
    """files: content by name. commits: what each one did, as (operation, name)."""

    private: bool = False
    files: dict[str, bytes] = field(default_factory=lambda: {".gitattributes": b"*.parquet filter=lfs\n"})
    commits: list[list[tuple[str, str]]] = field(default_factory=list)

    @property
    def sha(self) -> str:
        return hashlib.sha1(json.dumps(self.commits).encode()).hexdigest()


class Hub:
    """`with Hub() as hub: ... hub.url`. log: "PUT 123" for an upload of 123 bytes, else method and path."""

    def __init__(self) -> None:
        self.repos: dict[str, Repo] = {}
        self.large: dict[str, bytes] = {}
        self.log: list[str] = []
        self.cut_at: int | None = None
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.server.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self) -> "Hub":
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def uploads(self) -> int:
        return sum(line.startswith("PUT") for line in self.log)

    def mend(self) -> None:
        """Let the connection hold from now on, and forget what was asked before."""
        self.cut_at = None
        self.log.clear()


def git_hash(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def entry(name: str, data: bytes) -> dict[str, Any]:
    """A file as the tree lists it."""
    found: dict[str, Any] = {"type": "file", "path": name, "size": len(data), "oid": git_hash(data)}
    if name.endswith(LARGE):
        found["lfs"] = {"oid": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 130}
    return found


def _handler(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(Answers):
        pass

    Handler.hub = hub
    return Handler


class Answers(BaseHTTPRequestHandler):
    """Each request to the method that answers it."""

    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def handle_any(self) -> None:
        hub, url = self.hub, urlparse(self.path)
        path, length = unquote(url.path), int(self.headers.get("Content-Length") or 0)
        if hub.cut_at is not None and hub.uploads() >= hub.cut_at:
            self.rfile.read(length // 2 if self.command == "PUT" else length)
            self.close_connection = True
            self.connection.shutdown(2)
            return
        self.body = self.rfile.read(length)
        hub.log.append(f"PUT {length}" if self.command == "PUT" else f"{self.command} {path}")
        self.query = parse_qs(url.query)
        for pattern, answer in ROUTES:
            if found := re.fullmatch(pattern, f"{self.command} {path}"):
                getattr(self, answer)(*found.groups())
                return
        self.say(404, {"error": f"no such endpoint: {self.command} {path}"})

    do_GET = do_HEAD = do_POST = do_PUT = handle_any

    def say(self, code: int, content: Any = None, headers: dict[str, str] | None = None) -> None:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(code)
        for name, value in {"Content-Length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def may(self, name: str, write: bool = True) -> bool:
        """Whether the token may write (or read a private repo); answers where it mayn't."""
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        if token not in (WRITE, READ):
            self.say(401, {"error": "Invalid username or password."})
        elif write and (token == READ or name.split("/")[0] != OWNER):
            self.say(403, {"error": "You don't have the rights to create or change this."})
        else:
            return True
        return False

    def repo(self, name: str) -> Repo | None:
        if name not in self.hub.repos:
            self.say(404, {"error": "Repository not found"}, {"X-Error-Code": "RepoNotFound"})
        return self.hub.repos.get(name)

    def create(self) -> None:
        wanted = json.loads(self.body)
        name = f"{wanted['organization']}/{wanted['name']}"
        if not self.may(name):
            return
        if name in self.hub.repos:
            self.say(409, {"error": "You already created this dataset repo", "url": f"{self.hub.url}/datasets/{name}"})
            return
        assert wanted["type"] == "dataset"
        self.hub.repos[name] = Repo(wanted.get("visibility") == "private" or bool(wanted.get("private")))
        self.say(200, {"url": f"{self.hub.url}/datasets/{name}"})

    def info(self, name: str, *_: str) -> None:
        if repo := self.repo(name):
            files = [{"rfilename": path} for path in repo.files]
            about = {"id": name, "sha": repo.sha, "private": repo.private, "siblings": files, "tags": []}
            self.say(200, {**about, "downloads": 0, "likes": 0, "disabled": False, "gated": False, "cardData": {}})

    def tree(self, name: str, _revision: str, under: str | None) -> None:
        """Files and folders right under a folder, or at any depth where `recursive` is asked for."""
        if repo := self.repo(name):
            top = f"{under.strip('/')}/" if under else ""
            inside = {path: data for path, data in repo.files.items() if path.startswith(top)}
            if not inside:
                self.say(404, {"error": "not found"}, {"X-Error-Code": "EntryNotFound"})
                return
            deep = self.query.get("recursive", ["False"])[0].casefold() in ("true", "1")
            found = [entry(path, data) for path, data in inside.items() if deep or "/" not in path.removeprefix(top)]
            folders = {top + path.removeprefix(top).split("/")[0] for path in inside if "/" in path.removeprefix(top)}
            found += [{"type": "directory", "path": path, "oid": "0" * 40, "size": 0} for path in sorted(folders)]
            self.say(200, found)

    def paths(self, name: str, _revision: str) -> None:
        if repo := self.repo(name):
            form = parse_qs(self.body.decode())
            wanted = form.get("paths") or json.loads(self.body or b"{}").get("paths", [])
            self.say(200, [entry(path, repo.files[path]) for path in wanted if path in repo.files])

    def preupload(self, name: str) -> None:
        if self.may(name) and (repo := self.repo(name)):
            found = []
            for file in json.loads(self.body)["files"]:
                large = file["path"].endswith(LARGE)
                oid = entry(file["path"], repo.files[file["path"]])["oid"] if file["path"] in repo.files else None
                mode = "lfs" if large else "regular"
                found.append({"path": file["path"], "uploadMode": mode, "shouldIgnore": False, "oid": oid})
            self.say(200, {"files": found})

    def batch(self, name: str) -> None:
        if self.may(name):
            found = []
            for wanted in json.loads(self.body)["objects"]:
                known = wanted["oid"] in self.hub.large
                links = {key: {"href": f"{self.hub.url}/lfs/{key}/{wanted['oid']}"} for key in ("upload", "verify")}
                found.append(wanted if known else {**wanted, "actions": links})
            self.say(200, {"transfer": "basic", "objects": found})

    def upload(self, oid: str) -> None:
        if hashlib.sha256(self.body).hexdigest() != oid:
            self.say(400, {"error": "the content has another hash"})
            return
        self.hub.large[oid] = self.body
        self.say(200, {})

    def verify(self, oid: str) -> None:
        known = oid in self.hub.large and json.loads(self.body)["size"] == len(self.hub.large[oid])
        self.say(200 if known else 404, {})

    def commit(self, name: str) -> None:
        if not self.may(name) or not (repo := self.repo(name)):
            return
        operations = [json.loads(line) for line in self.body.splitlines()]
        done = []
        for key, value in ((one["key"], one["value"]) for one in operations[1:]):
            if key == "file":
                repo.files[value["path"]] = base64.b64decode(value["content"])
            elif key == "lfsFile":
                repo.files[value["path"]] = self.hub.large[value["oid"]]
            elif key == "deletedFile":
                del repo.files[value["path"]]
            done.append((key, value["path"]))
        repo.commits.append(done)
        self.say(200, {"commitUrl": f"{self.hub.url}/datasets/{name}/commit/{repo.sha}", "commitOid": repo.sha})

    def validate(self) -> None:
        self.say(200, {"warnings": [], "errors": []})

    def resolve(self, name: str, _revision: str, path: str) -> None:
        if repo := self.repo(name):
            if path not in repo.files:
                self.say(404, {"error": "not found"}, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": repo.sha})
                return
            data, about = repo.files[path], entry(path, repo.files[path])
            oid = about["lfs"]["oid"] if "lfs" in about else about["oid"]
            heads = {"X-Repo-Commit": repo.sha, "ETag": f'"{oid}"', "X-Linked-Size": str(len(data))}
            self.say(200, data, heads)


NAME, REVISION = r"([\w.-]+/[\w.-]+?)", r"([^/]+)"
ROUTES = [
    (r"POST /api/repos/create", "create"),
    (r"POST /api/validate-yaml", "validate"),
    (rf"GET /api/datasets/{NAME}", "info"),
    (rf"GET /api/datasets/{NAME}/revision/{REVISION}", "info"),
    (rf"GET /api/datasets/{NAME}/tree/{REVISION}(/.*)?", "tree"),
    (rf"POST /api/datasets/{NAME}/paths-info/{REVISION}", "paths"),
    (rf"POST /api/datasets/{NAME}/preupload/main", "preupload"),
    (rf"POST /api/datasets/{NAME}/commit/main", "commit"),
    (rf"POST /datasets/{NAME}\.git/info/lfs/objects/batch", "batch"),
    (r"PUT /lfs/upload/(\w+)", "upload"),
    (r"POST /lfs/verify/(\w+)", "verify"),
    (rf"(?:GET|HEAD) /datasets/{NAME}/resolve/{REVISION}/(.+)", "resolve"),
]
