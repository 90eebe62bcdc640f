# ruff: noqa: T201 - what it prints is what the page shows
"""The code of the tutorial; a test runs it and compares what it prints with the page."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from quiesce import HotReloadablePlugin, UpgradeFailed
from quiesce.loaders import load

GREETER = """
MANIFEST = {{"name": "greeter", "version": "{version}", "exports": ["greet"]}}

class Greeter:
    def greet(self, name):
        return "{word}, " + name

def build():
    return Greeter()
"""

with TemporaryDirectory() as folder:
    # start
    file = Path(folder, "greeter.py")
    file.write_text(GREETER.format(version="1.0.0", word="Hello"))
    plugin = HotReloadablePlugin(load(file))
    print(plugin.call("greet", "Ada"))
    # upgrade
    file.write_text(GREETER.format(version="2.0.0", word="Good day"))
    plugin.upgrade(load(file))
    print(plugin.call("greet", "Ada"))
    # fail
    file.write_text("this is not Python")
    try:
        plugin.upgrade(load(file))
    except UpgradeFailed as error:
        print("failed in", error.phase.name)
    print(plugin.call("greet", "Ada"))
    # look
    print(plugin.state.name, plugin.stats.successful_upgrades, plugin.stats.failed_upgrades)
