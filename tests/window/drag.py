#!/usr/bin/python3
"""Drags files with a real pointer: drag.py X Y FILE... lets them go at X, Y of the screen.

A small window of its own offers them; xdotool moves the pointer. Exits 0 if the drop was taken.
"""
import subprocess
import sys
import threading
import time
from pathlib import Path

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("Gdk", "3.0")
from gi.repository import Gdk, GLib, Gtk

target_x, target_y = int(sys.argv[1]), int(sys.argv[2])
uris = [Path(name).resolve().as_uri() for name in sys.argv[3:]]
outcome = {"taken": True, "asked": False}

# Override-redirect: placed exactly, never covered, needs no window manager.
window = Gtk.Window(type=Gtk.WindowType.POPUP)
window.set_default_size(60, 40)
window.move(2, 2)
box = Gtk.EventBox()
box.add(Gtk.Label(label="drag"))
window.add(box)
box.drag_source_set(Gdk.ModifierType.BUTTON1_MASK, [], Gdk.DragAction.COPY | Gdk.DragAction.MOVE)
box.drag_source_add_uri_targets()


def on_data(_widget, _context, data, _info, _time):
    outcome["asked"] = True
    data.set_uris(uris)


def on_failed(_widget, _context, _result):
    outcome["taken"] = False
    return True


box.connect("drag-data-get", on_data)
box.connect("drag-failed", on_failed)
box.connect("drag-end", lambda *_: GLib.timeout_add(100, Gtk.main_quit))


def pointer(*words):
    subprocess.run(["xdotool", *map(str, words)], check=True)


def drag():
    time.sleep(0.4)
    pointer("mousemove", "--sync", 30, 20)
    pointer("mousedown", 1)
    # Small steps pass GTK's threshold; several over the target make it notice.
    for step in range(4, 28, 4):
        pointer("mousemove", 30 + step, 20 + step)
        time.sleep(0.02)
    for step in range(1, 9):
        pointer("mousemove", 54 + (target_x - 54) * step // 8, 44 + (target_y - 44) * step // 8)
        time.sleep(0.04)
    for nudge in (3, 1, 0):
        pointer("mousemove", target_x + nudge, target_y)
        time.sleep(0.15)
    pointer("mouseup", 1)


window.show_all()
threading.Thread(target=drag, daemon=True).start()
GLib.timeout_add_seconds(30, lambda: (outcome.update(taken=False), Gtk.main_quit()))
Gtk.main()
sys.exit(0 if outcome["taken"] and outcome["asked"] else 1)
