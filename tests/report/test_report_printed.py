"""Printed files as their readers open them: a browser that is watched, fonts of the PDF, text that stays text."""

from __future__ import annotations

import csv
import http.server
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sim.pipeline import packing
from sim.report import story
from sim.run.result import Run

# What the browser asks for itself, whatever page it shows.
OWN_HOSTS = {"update.googleapis.com", "clients2.google.com", "accounts.google.com", "clientservices.googleapis.com",
             "optimizationguide-pa.googleapis.com", "redirector.gvt1.com", "www.google.com"}  # fmt: skip
QUIET = [
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-extensions", "--enable-logging=stderr",
    "--virtual-time-budget=3000", "--dump-dom",
]  # fmt: skip


def tool(*names: str, package: str) -> str:
    """A program of this machine; without it the test is left out, or fails where CI demands it."""
    found = next((path for path in map(shutil.which, names) if path), None)
    if found is None:
        how = f"install it: apt-get install {package}"
        if os.environ.get("SIM_NEEDS_TOOLS"):
            pytest.fail(how)
        pytest.skip(how)
    return found


@contextmanager
def watched() -> Iterator[tuple[str, list[str]]]:
    """A proxy that refuses everything and notes the hosts it was asked for."""
    hosts: list[str] = []

    class Refuses(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hosts.append(urlsplit(self.path).hostname or self.path)
            self.send_error(403)

        def do_CONNECT(self) -> None:
            hosts.append(self.path.partition(":")[0])
            self.send_error(403)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refuses)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", hosts
    finally:
        server.shutdown()
        server.server_close()


def opened(page: Path, profile: Path) -> tuple[set[str], list[str], str]:
    """Hosts that a page asks for, what it says on the console, and the page as the browser has it."""
    browser = tool("chromium", "chromium-browser", "google-chrome", package="chromium")
    with watched() as (proxy, hosts):
        words = [browser, *QUIET, f"--user-data-dir={profile}", f"--proxy-server={proxy}", page.as_uri()]
        done = subprocess.run(words, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    said = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return set(hosts) - OWN_HOSTS, said, done.stdout


def test_report_asks_for_nothing_and_the_console_is_silent(packed: Run, tmp_path: Path) -> None:
    hosts, said, shown = opened(packed.directory / "pack" / "report.html", tmp_path / "profile")
    assert hosts == set()
    assert said == []
    assert shown.count("<svg ") >= 10


def test_the_watch_sees_a_request_and_an_error(tmp_path: Path) -> None:
    page = tmp_path / "planted.html"
    page.write_text(
        '<!doctype html><title>x</title><link rel="stylesheet" href="https://fonts.googleapis.com/css">'
        '<img src="http://outside.example/a.png"><script>console.error("planted")</script>'
    )
    hosts, said, _ = opened(page, tmp_path / "profile")
    assert hosts == {"outside.example", "fonts.googleapis.com"}
    assert any("planted" in line for line in said)


def test_pdf_embeds_its_fonts_and_has_a_page_a_section(packed: Run) -> None:
    file = str(packed.directory / "pack" / "report.pdf")
    fonts = subprocess.run(
        [tool("pdffonts", package="poppler-utils"), file], capture_output=True, text=True, check=True
    ).stdout.splitlines()[2:]
    assert fonts
    assert all(re.search(r"\syes\s+(yes|no)\s+(yes|no)\s+\d+\s+\d+$", line) for line in fonts), fonts
    pack = story.write(packing.material(packed))
    text = subprocess.run(
        [tool("pdftotext", package="poppler-utils"), "-layout", file, "-"], capture_output=True, text=True, check=True
    ).stdout
    sheets = text.split("\f")[:-1]
    assert len(pack.sections) <= 8
    for section, sheet in zip(pack.sections, sheets, strict=False):
        start = " ".join(section.message.split()[:3])
        assert start in " ".join(sheet.split()), section.key
    assert "=More" in text
    assert "<b>=HYPERLINK</b>" in text


def test_no_cell_of_a_csv_file_is_a_formula(packed: Run) -> None:
    files = [*(packed.directory / "pack").glob("*.csv"), *(packed.directory / "run").glob("*.csv")]
    assert len(files) > 10
    texts = []
    for file in files:
        with file.open(encoding="utf-8", newline="") as stream:
            for row in csv.reader(stream):
                texts += row
    for text in texts:
        assert text.isprintable(), text
        if text[:1] in {"=", "+", "-", "@"}:
            float(text)  # a number, else a spreadsheet would compute it
    assert "'=A broker" in texts


def test_what_was_quoted_in_a_csv_file_reads_as_written() -> None:
    assert packing._unquoted("'=1+1") == "=1+1"
    assert packing._unquoted("'tis") == "'tis"
    assert packing._unquoted("") == ""
