"""What the pages tell to type and cannot be typed here: why not, and which test does."""

from __future__ import annotations

GUIDE = "tests/real/test_guide.py::test_the_guide_for_a_plain_asterisk"
FREEPBX = "tests/real/test_guide.py::test_the_guide_for_freepbx"
BACKUP = "tests/docs/test_backup.py::test_what_was_backed_up_is_restored"
PAGES = {
    "docs/backup.md": ("it is followed on both databases", BACKUP),
    "docs/containers.md": (
        "it needs a container engine",
        "tests/containers/test_images.py::test_the_page_is_followed",
    ),
    "docs/guide.md": ("it needs an Asterisk, and root on its machine", GUIDE),
    "docs/guide.ru.md": ("it needs an Asterisk, and root on its machine", GUIDE),
    "docs/guide-freepbx.md": ("it needs an Asterisk, and root on its machine", FREEPBX),
    "docs/guide-freepbx.ru.md": ("it needs an Asterisk, and root on its machine", FREEPBX),
}
"""Pages of which one test follows every block, one after the other."""
BLOCKS: dict[str, tuple[str, str]] = {}
"""Blocks, each by its page and its first line."""
WHEEL = "tests/test_wheel.py::test_it_is_the_whole_product"
CHECK = "tests/real/test_adoption.py::test_the_way_of_every_line_is_checked"
STOP = "tests/real/test_stop.py::test_who_still_waits_is_handed_over_and_nothing_new_is_claimed"
LIVE = "tests/cli/test_terminal.py::test_the_live_view"
COMMANDS = {
    "callrouter serve": ("it goes on until it is stopped, and needs an Asterisk", GUIDE),
    "callrouter calls watch": ("it goes on until it is stopped", LIVE),
    "callrouter dialplan check": ("it needs an Asterisk", CHECK),
    "callrouter dialplan check --context from-trunk": ("it needs an Asterisk", GUIDE),
    "systemctl stop callrouter": ("no systemd runs here; SIGTERM, which it sends, is sent", STOP),
    "pip wheel --no-deps .": ("it builds the whole checkout", WHEEL),
    "pip install callrouter-*.whl": ("it needs an environment of its own", WHEEL),
    "systemctl status callrouter": (
        "no systemd runs here; what it is told to show is read",
        "tests/test_systemd.py::test_it_is_told",
    ),
    "systemd-analyze security": ("it is run for each unit", "tests/test_systemd.py::test_the_service_may_do_little"),
    "asterisk -rvvv": ("it goes on until it is stopped", "tests/real/test_spoken.py::test_asterisk_knows_the_words"),
}
"""Commands in sentences, as they stand there."""
