#!/usr/bin/python3
"""What a desktop has round its windows, in place of the real thing.

On the session's bus: a file manager, notifications, and the place beside the clock; on the system's bus: the one who
decides whether the computer sleeps. What they are told is printed, a JSON object a line. Lines on the input do what a
user would: `click` the last notification, `press LABEL` in the menu beside the clock, `menu` prints what is in it.
"""
import json
import os
import sys
import threading

import gi

gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib

SESSION = """<node>
<interface name="org.freedesktop.FileManager1">
 <method name="ShowItems"><arg type="as" direction="in"/><arg type="s" direction="in"/></method>
</interface>
<interface name="org.freedesktop.Notifications">
 <method name="Notify"><arg type="s" direction="in"/><arg type="u" direction="in"/><arg type="s" direction="in"/>
  <arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="as" direction="in"/>
  <arg type="a{sv}" direction="in"/><arg type="i" direction="in"/><arg type="u" direction="out"/></method>
 <method name="GetCapabilities"><arg type="as" direction="out"/></method>
 <method name="CloseNotification"><arg type="u" direction="in"/></method>
 <signal name="ActionInvoked"><arg type="u"/><arg type="s"/></signal>
 <signal name="NotificationClosed"><arg type="u"/><arg type="u"/></signal>
</interface>
<interface name="org.kde.StatusNotifierWatcher">
 <method name="RegisterStatusNotifierItem"><arg type="s" direction="in"/></method>
 <property name="IsStatusNotifierHostRegistered" type="b" access="read"/>
 <property name="ProtocolVersion" type="i" access="read"/>
</interface>
</node>"""
GNOME = """<node>
<interface name="org.gnome.SessionManager">
 <method name="Inhibit"><arg type="s" direction="in"/><arg type="u" direction="in"/><arg type="s" direction="in"/>
  <arg type="u" direction="in"/><arg type="u" direction="out"/></method>
</interface>
</node>"""
SYSTEM = """<node>
<interface name="org.freedesktop.login1.Manager">
 <method name="Inhibit"><arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="s" direction="in"/>
  <arg type="s" direction="in"/><arg type="h" direction="out"/></method>
</interface>
</node>"""

item = {}
owned = set()
last = {"id": 0}


def say(**what):
    print(json.dumps(what), flush=True)


def show_items(_call, uris, _startup):
    say(shown=uris)


def notify(_call, app, _replaces, _icon, title, text, actions, _hints, _timeout):
    last["id"] += 1
    say(notified=title, text=text, app=app, actions=actions)
    return GLib.Variant("(u)", (last["id"],))


def capabilities(_call):
    return GLib.Variant("(as)", (["actions", "body"],))


def register(call, where):
    path = where if where.startswith("/") else "/StatusNotifierItem"
    item.update(bus=call.get_sender(), path=path)
    say(icon=path)


def inhibit(call, what, who, why, mode):
    """The computer stays awake until whoever asked lets go of the other end."""
    ours, theirs = os.pipe()
    say(awake=what, who=who, why=why, mode=mode)

    def released(_source, _condition):
        say(asleep=what)
        os.close(ours)
        return False

    GLib.io_add_watch(ours, GLib.IO_HUP, released)
    fds = Gio.UnixFDList.new()
    fds.append(theirs)
    os.close(theirs)
    call.return_value_with_unix_fd_list(GLib.Variant("(h)", (0,)), fds)
    return call


def inhibit_session(call, who, _window, why, flags):
    """GNOME does not suspend by itself as long as whoever asked is there."""
    sender = call.get_sender()
    say(wakeful=flags, who=who, why=why)

    def gone(_bus, _name):
        say(restful=flags)
        Gio.bus_unwatch_name(watch)

    watch = Gio.bus_watch_name_on_connection(session, sender, Gio.BusNameWatcherFlags.NONE, None, gone)
    return GLib.Variant("(u)", (1,))


METHODS = {
    "ShowItems": show_items,
    "Notify": notify,
    "GetCapabilities": capabilities,
    "CloseNotification": lambda _call, _id: None,
    "RegisterStatusNotifierItem": register,
    "Inhibit": inhibit,
}


def on_call(_bus, _sender, _path, interface, method, arguments, call):
    deed = inhibit_session if interface == "org.gnome.SessionManager" else METHODS[method]
    answer = deed(call, *arguments.unpack())
    if answer is not call:
        call.return_value(answer)


def on_get(_bus, _sender, _path, _interface, name):
    return GLib.Variant("b", True) if name.startswith("Is") else GLib.Variant("i", 0)


def on_name(_bus, name):
    """Whoever waits for the last of them finds all."""
    owned.add(name)
    if len(owned) == 5:
        say(ready=True)


def take(bus, description, names):
    for about in Gio.DBusNodeInfo.new_for_xml(description).interfaces:
        bus.register_object(names[about.name][1], about, on_call, on_get, None)
    for name, _path in names.values():
        Gio.bus_own_name_on_connection(bus, name, Gio.BusNameOwnerFlags.NONE, on_name, None)


def ask(interface, method, arguments, path):
    return session.call_sync(item["bus"], path, interface, method, arguments, None, Gio.DBusCallFlags.NONE, 10_000, None).unpack()


def entries():
    """Label, number, whether it can be pressed, whether it is ticked."""
    path = ask("org.freedesktop.DBus.Properties", "Get", GLib.Variant("(ss)", ("org.kde.StatusNotifierItem", "Menu")), item["path"])[0]
    menu = "com.canonical.dbusmenu"
    ask(menu, "AboutToShow", GLib.Variant("(i)", (0,)), path)
    layout = ask(menu, "GetLayout", GLib.Variant("(iias)", (0, -1, [])), path)
    for number, about, _below in layout[1][2]:
        if "label" in about:
            yield path, number, about["label"], about.get("enabled", True), about.get("toggle-state", 0) == 1


def do(line):
    word, _, rest = line.strip().partition(" ")
    if word == "click":
        arguments = GLib.Variant("(us)", (last["id"], "default"))
        session.emit_signal(None, "/org/freedesktop/Notifications", "org.freedesktop.Notifications", "ActionInvoked", arguments)
    elif word == "menu":
        say(menu=[{"label": label, "on": on, "ticked": ticked} for _, _, label, on, ticked in entries()])
    elif word == "press":
        path, number = next((path, number) for path, number, label, _, _ in entries() if label == rest)
        ask("com.canonical.dbusmenu", "Event", GLib.Variant("(isvu)", (number, "clicked", GLib.Variant("i", 0), 0)), path)


def listen():
    for line in sys.stdin:
        GLib.idle_add(do, line)
    GLib.idle_add(loop.quit)


session = Gio.bus_get_sync(Gio.BusType.SESSION, None)
system = Gio.bus_get_sync(Gio.BusType.SYSTEM, None)
take(session, SESSION, {
    "org.freedesktop.FileManager1": ("org.freedesktop.FileManager1", "/org/freedesktop/FileManager1"),
    "org.freedesktop.Notifications": ("org.freedesktop.Notifications", "/org/freedesktop/Notifications"),
    "org.kde.StatusNotifierWatcher": ("org.kde.StatusNotifierWatcher", "/StatusNotifierWatcher"),
})
take(session, GNOME, {"org.gnome.SessionManager": ("org.gnome.SessionManager", "/org/gnome/SessionManager")})
take(system, SYSTEM, {"org.freedesktop.login1.Manager": ("org.freedesktop.login1", "/org/freedesktop/login1")})
loop = GLib.MainLoop()
threading.Thread(target=listen, daemon=True).start()
loop.run()
