//! Against a real X server without a screen, on which keys are pressed; and on a real bus, with a stand-in for GNOME.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::sleep;

use x11rb::protocol::xproto;
use x11rb::protocol::xtest;
use x11rb::wrapper::ConnectionExt as _;

use super::*;
use crate::bus::stand_in::{Private, Server};

fn people(bus: &Private, display: Option<&str>, wayland: bool) -> People {
    People {
        session: Bus::new(bus.which()),
        wayland,
        display: display.map(str::to_owned),
        x: None,
    }
}

fn x_server() -> (Server, String) {
    let server = Server::start(
        "Xvfb",
        &[
            "-displayfd",
            "1",
            "-screen",
            "0",
            "64x64x24",
            "-nolisten",
            "tcp",
        ],
    );
    let display = format!(":{}", server.said);
    (server, display)
}

/// Presses a key and lets it go, as a keyboard does.
fn press(x: &X) {
    for kind in [xproto::KEY_PRESS_EVENT, xproto::KEY_RELEASE_EVENT] {
        xtest::fake_input(&x.connection, kind, 38, 0, x.root, 0, 0, 0).unwrap();
    }
    x.connection.sync().unwrap();
}

#[test]
fn a_key_is_noticed_by_an_x_server() {
    let bus = Private::start();
    let (server, display) = x_server();
    let mut people = people(&bus, Some(&display), false);
    let idle = |people: &mut People| match people.look() {
        Person::Last(ago) => ago,
        other => panic!("{other:?}"),
    };
    let keyboard = X::connect(&display).unwrap();
    let long = Duration::from_millis(500);
    for _ in 0..2 {
        while idle(&mut people) < long {
            sleep(Duration::from_millis(20));
        }
        // Where this machine is busy half a second may pass between the key and the look.
        while idle(&mut people) >= long {
            press(&keyboard);
        }
    }
    drop(server);
    assert_eq!(people.look(), Person::Untold, "it went away under us");
    assert_eq!(people.look(), Person::Nobody, "and is not there any more");
}

#[test]
fn without_a_desktop_there_is_nobody_and_one_that_does_not_tell_is_no_proof_of_it() {
    let bus = Private::start();
    assert_eq!(people(&bus, None, false).look(), Person::Nobody);
    assert_eq!(people(&bus, Some(":9999"), false).look(), Person::Nobody);
    let (_server, display) = x_server();
    assert_eq!(people(&bus, Some(&display), true).look(), Person::Untold);
}

struct Monitor(Arc<AtomicU64>);

#[zbus::interface(name = "org.gnome.Mutter.IdleMonitor")]
impl Monitor {
    fn get_idletime(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

#[test]
fn gnome_tells_by_the_bus() {
    let bus = Private::start();
    let idle = Arc::new(AtomicU64::new(4000));
    let shell = bus.serve(MUTTER, Monitor(idle.clone()));
    let mut people = people(&bus, None, true);
    assert_eq!(people.look(), Person::Last(Duration::from_secs(4)));
    idle.store(7, Ordering::SeqCst);
    assert_eq!(people.look(), Person::Last(Duration::from_millis(7)));
    shell.close().unwrap();
    assert_eq!(
        people.look(),
        Person::Untold,
        "the shell went away, the desktop did not"
    );
}
