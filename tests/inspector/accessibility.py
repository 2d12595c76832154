"""The pages judged by axe-core, in light and dark: `scripts/accessibility` runs this."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
from playwright.sync_api import Browser, Page, sync_playwright

from mockglm.conformance.report.matrix import render_matrix
from mockglm.conformance.report.page import render_page
from tests.browsing import FLAGS, find_browser
from tests.conformance.report.reports import make_report
from tests.inspector.conftest import SCENARIO
from tests.serving import serving

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
SERIOUS = ("serious", "critical")


def judge(page: Page, axe: str, name: str) -> Iterator[str]:
    """The violations of a page, one in a line."""
    page.wait_for_timeout(300)
    page.evaluate(axe)
    run = "(rules) => axe.run(document, { runOnly: rules })"
    for one in page.evaluate(run, RULES)["violations"]:
        places = ", ".join(node["html"][:100] for node in one["nodes"][:3])
        yield f"{one['impact']}: {name}: {one['id']}: {one['help']}: {places}"


def look(browser: Browser, host: str, folder: Path, axe: str) -> Iterator[str]:
    """Look at every view in both colour schemes."""
    for scheme in ("light", "dark"):
        page = browser.new_page(color_scheme=scheme, bypass_csp=True)
        page.goto(f"{host}/__mockglm__/")
        page.click("#open-charts")
        for text in ("hello", "break", "limit"):
            page.click(f".row:has-text('{text}')")
            for tab in ("conversation", "raw", "why", "code"):
                page.click(f"#tab-{tab}")
                yield from judge(page, axe, f"{scheme} {text} {tab}")
        page.click("#open-act")
        for action in ("reply", "rule", "fault", "scenario", "clock", "clear", "reset"):
            page.click(f"[data-action={action}] summary")
            yield from judge(page, axe, f"{scheme} {action}")
        for name in ("report.html", "matrix.html"):
            page.goto((folder / name).as_uri())
            yield from judge(page, axe, f"{scheme} {name}")
        page.close()


def ask(host: str) -> None:
    with httpx.Client(trust_env=False, headers={"Authorization": "Bearer key"}) as client:
        for text in ("hello", "break", "limit"):
            message = {"role": "user", "content": text}
            asked = {"model": "glm-4.6", "stream": True, "messages": [message]}
            try:
                client.post(f"{host}/api/paas/v4/chat/completions", json=asked)
            except httpx.TransportError:
                assert text == "break"


def main() -> int:
    axe = Path(sys.argv[1]).read_text("utf-8")
    with (
        tempfile.TemporaryDirectory() as name,
        serving(SCENARIO) as served,
        sync_playwright() as playwright,
    ):
        folder = Path(name)
        report, exchanges = make_report("SSE-05", "TOL-03", "ERR-13")
        (folder / "report.html").write_text(render_page(report, exchanges), "utf-8")
        (folder / "matrix.html").write_text(render_matrix([report, make_report()[0]]), "utf-8")
        ask(served.host)
        browser = playwright.chromium.launch(executable_path=find_browser(), args=FLAGS)
        found = list(look(browser, served.host, folder, axe))
        browser.close()
    sys.stdout.write("".join(f"{line}\n" for line in found) or "no violation\n")
    return int(any(line.startswith(SERIOUS) for line in found))


if __name__ == "__main__":
    sys.exit(main())
