"""Drive real coding agents through small tasks against mockglm, without any network.

Each agent of agents.toml is installed into a folder of its own (npm or PyPI), then runs
headless in a scratch git repository inside a network namespace that has loopback alone, with
mockglm beside it. A run ends well when the task is done, and loses a file when one that the task
does not name is gone or different, or one that it names lost other lines.

    scripts/try-agents                      # all agents, all tasks
    scripts/try-agents opencode pi -t typo  # some
    scripts/try-agents --page docs/agents.md
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import tomllib
from datetime import date
from pathlib import Path
from urllib.request import Request, urlopen

ROOT = Path(__file__).resolve().parents[2]
AGENTS = tomllib.loads((Path(__file__).parent / "agents.toml").read_text("utf-8"))
HOME = Path(os.environ.get("TRY_AGENTS", Path(tempfile.gettempdir()) / "try-agents"))
SECONDS = 100

FILES = {
    "README.md": "# Parcel\n\nParcel counts letters in a text and prints a table.\n\n"
    "Run `python main.py` to see it.\n",
    "main.py": 'def main():\n    pritn("hello")\n\n\nmain()\n',
    "notes.txt": "The sky is blue today.\nRoses are red.\n",
    "guide.md": "# Guide\n\nThis guide explains how to recieve a parcel.\n",
    "data/values.csv": "a,b\n1,2\n",
}
TASKS = {
    "sum": "What is 17+25?",
    "command": "Run the command `echo parcel-$((40+2))` and tell me its output",
    "change": "In notes.txt, change the word blue to green",
    "typo": "Find and fix the typo in main.py",
    "typo-zh": "找出 guide.md 里的拼写错误并修复",
    "create": 'Create a file hello.txt with the content "Hello from Parcel"',
    "question": "What does this project do?",
    "question-zh": "请看一下 README，这个项目是做什么的？",
    "busy": "In notes.txt, change the word blue to green",
}
FIRST = {"busy": [{"error": 1305, "times": 2}]}
"""Replies that are queued before a task: `busy` is `change` with two overloads before it."""


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("agents", nargs="*", choices=[*AGENTS, []], help="agents to drive")
    parser.add_argument("-t", "--task", action="append", choices=[*TASKS], help="tasks to run")
    parser.add_argument("--page", type=Path, help="write the results as a page")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    agents, tasks = asked.agents or [*AGENTS], asked.task or [*TASKS]
    if asked.inside:
        return inside(agents[0], tasks[0])
    for agent in agents:
        trouble = install(agent)
        for task in tasks:
            found = {"agent": agent, "task": task, "end": "not installed", "why": trouble}
            found |= {} if trouble else run(agent, task)
            keep(found)
            sys.stdout.write(f"{agent:16} {task:10} {found['end']:10} {found['why']}\n")
            sys.stdout.flush()
    if asked.page:
        asked.page.write_text(page(), "utf-8")
    return 0


def install(agent: str) -> str:
    """Install an agent once; the trouble in one line if that fails."""
    held = AGENTS[agent]
    folder = HOME / "agents" / agent
    if binaries(agent).is_dir():
        return ""
    folder.mkdir(parents=True, exist_ok=True)
    if "npm" in held:
        (folder / "package.json").write_text("{}")
        steps = [["npm", "install", "--silent", "--no-audit", "--no-fund", *held["npm"].split()]]
    else:
        python = f"python{held.get('python', '3')}"
        install = [str(folder / "bin" / "pip"), "install", "-q", held["pypi"]]
        steps = [[shutil.which(python) or sys.executable, "-m", "venv", str(folder)], install]
    for step in steps:
        done = subprocess.run(step, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            shutil.rmtree(folder)
            lines = (done.stderr or done.stdout).strip().splitlines()
            return lines[-1][:160] if lines else f"{step[0]} ended {done.returncode}"
    return ""


def binaries(agent: str) -> Path:
    folder = HOME / "agents" / agent
    return folder / ("node_modules/.bin" if "npm" in AGENTS[agent] else "bin")


def run(agent: str, task: str) -> dict[str, object]:
    """One run in a namespace of its own: how it ended, and why."""
    me = [sys.executable, "-m", "tests.agents", agent, "-t", task, "--inside"]
    space = ["unshare", "--user", "--map-root-user", "--net", "--pid", "--fork", "--kill-child"]
    done = subprocess.run([*space, *me], cwd=ROOT, capture_output=True, text=True, check=False)
    try:
        found: dict[str, object] = json.loads(done.stdout.strip().splitlines()[-1])
    except (IndexError, ValueError):
        return {"end": "broken", "why": done.stderr.strip()[-200:]}
    return found


def inside(agent: str, task: str) -> int:
    """Within the namespace: start mockglm, drive the agent, judge the repository."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    folder = HOME / "runs" / agent / task
    shutil.rmtree(folder, ignore_errors=True)
    home, work = folder / "home", folder / "work"
    home.mkdir(parents=True)
    make_repository(work)
    port = free_port()
    log = (folder / "mockglm.log").open("w")
    serve = [sys.executable, "-m", "mockglm", "serve", "--port", str(port), "--speed", "0"]
    server = subprocess.Popen(
        serve, cwd=folder, stdout=log, stderr=log, env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    wait_until_served(port)
    if task in FIRST:
        queue = Request(
            f"http://127.0.0.1:{port}/__mockglm__/replies",
            data=json.dumps(FIRST[task]).encode(),
            headers={"Content-Type": "application/json"},
        )
        urlopen(queue).read()
    said = drive(agent, task, home, work, port)
    (folder / "said.txt").write_text(said, "utf-8")
    journal = f"http://127.0.0.1:{port}/__mockglm__/journal"
    count = len(json.loads(urlopen(journal).read()))
    held = [json.loads(urlopen(f"{journal}/{number}").read()) for number in range(1, count + 1)]
    (folder / "journal.json").write_text(json.dumps(held, ensure_ascii=False))
    server.send_signal(signal.SIGTERM)
    sys.stdout.write(f"{json.dumps(judge(task, work, said))}\n")
    return 0


def make_repository(work: Path) -> None:
    for name, text in FILES.items():
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_text(text, "utf-8")
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com"]
    for step in (["init", "-q"], ["add", "."], ["commit", "-qm", "start"]):
        subprocess.run([*git, *step], cwd=work, check=True)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def wait_until_served(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("mockglm did not start")


def drive(agent: str, task: str, home: Path, work: Path, port: int) -> str:
    """The output of the agent; killed with all it started when its time is over."""
    held = AGENTS[agent]
    path = "anthropic" if held.get("surface") == "anthropic" else "paas/v4"
    values = {
        "url": f"http://127.0.0.1:{port}/api/{path}",
        "home": str(home),
        "work": str(work),
        "prompt": TASKS[task],
        "bin": str(binaries(agent)),
        "here": str(Path(__file__).parent),
    }
    for name, text in held.get("files", {}).items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(fill(text, values), "utf-8")
    kept = {key: os.environ[key] for key in ("PATH", "LANG", "TERM") if key in os.environ}
    own = {key: fill(value, values) for key, value in held.get("env", {}).items()}
    env = kept | {"HOME": str(home), "CI": "1", "NO_COLOR": "1"} | own
    said = ""
    for name in ("before", "command"):
        if name in held:
            words = [fill(word, values) for word in held[name]]
            said += call(words, work, env, fill(held.get("stdin", ""), values))
    return said


def call(words: list[str], work: Path, env: dict[str, str], stdin: str) -> str:
    process = subprocess.Popen(
        words,
        cwd=work,
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        return process.communicate(stdin, timeout=SECONDS)[0]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return f"{process.communicate()[0]}\n[no end after {SECONDS} s]"


def fill(text: str, values: dict[str, str]) -> str:
    for key, value in values.items():
        text = text.replace("{" + key + "}", value)
    return text


EXPECTED = {
    "change": ("notes.txt", "blue", "green"),
    "busy": ("notes.txt", "blue", "green"),
    "typo": ("main.py", "pritn", "print"),
    "typo-zh": ("guide.md", "recieve", "receive"),
}


def judge(task: str, work: Path, said: str) -> dict[str, object]:
    """The end of a run: `well`, `not done`, `no end` or `LOST`, and a reason."""
    found = {name: read(work / name) for name in FILES}
    named, old, new = EXPECTED.get(task, ("", "", ""))
    lost = [name for name, text in FILES.items() if found[name] != text and name != named]
    if named and found[named] not in (FILES[named], FILES[named].replace(old, new)):
        lost.append(named)
    if lost:
        return {"end": "LOST", "why": f"changed or gone: {', '.join(lost)}"}
    ends = {
        "sum": "42" in said,
        "command": "parcel-42" in said,
        "create": read(work / "hello.txt").strip() == "Hello from Parcel",
        "question": "counts letters" in said,
        "question-zh": "counts letters" in said,
    }
    is_done = ends.get(task, bool(named) and found[named] != FILES[named])
    if "[no end after" in said:
        return {"end": "no end", "why": f"{'done, but ' if is_done else ''}still running"}
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return {
        "end": "well" if is_done else "not done",
        "why": "" if is_done else " | ".join(lines[-2:])[-160:],
    }


def read(path: Path) -> str:
    return path.read_text("utf-8", errors="replace") if path.is_file() else ""


def keep(found: dict[str, object]) -> None:
    held = results()
    held[f"{found['agent']} {found['task']}"] = found | {"date": date.today().isoformat()}
    (HOME / "results.json").write_text(json.dumps(held, indent=1))


def results() -> dict[str, dict[str, object]]:
    kept = HOME / "results.json"
    HOME.mkdir(parents=True, exist_ok=True)
    return json.loads(kept.read_text()) if kept.is_file() else {}


def page() -> str:
    """The results as a page in Markdown."""
    held = results()
    rows, reasons = [], []
    for agent in [one for one in AGENTS if any(f"{one} {task}" in held for task in TASKS)]:
        runs = [held.get(f"{agent} {task}") for task in TASKS]
        version = AGENTS[agent].get("npm", AGENTS[agent].get("pypi"))
        ends = ["–" if one is None else str(one["end"]) for one in runs]
        surface = AGENTS[agent].get("surface", "chat")
        rows.append(f"| {agent} | `{version}` | {surface} | {' | '.join(ends)} |")
        for one in runs:
            if one and one["end"] != "well":
                why = str(one["why"]).replace("|", "·").replace("\033", "")
                reasons.append(f"| {agent} | {one['task']} | {one['end']} | {why} |")
    ran = [one for one in held.values() if one["end"] not in ("not installed",)]
    well = sum(one["end"] == "well" for one in ran)
    lost = sum(one["end"] == "LOST" for one in ran)
    head = (Path(__file__).parent / "head.md").read_text("utf-8")
    tasks = [f"- **{name}**: `{text}`" for name, text in TASKS.items()]
    table = [
        f"| agent | version | surface | {' | '.join(TASKS)} |",
        f"|---|---|---|{'---|' * len(TASKS)}",
        *rows,
    ]
    total = f"{well} of {len(ran)} runs ended well; files lost: {lost}. {date.today().isoformat()}."
    parts = [head.strip(), "## Tasks", "\n".join(tasks), "## Results", total, "\n".join(table)]
    last = ["| agent | task | end | last words |", "|---|---|---|---|", *reasons]
    return "\n\n".join([*parts, "## Runs that did not end well", "\n".join(last)]) + "\n"


if __name__ == "__main__":
    sys.exit(main())
