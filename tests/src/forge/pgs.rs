//! A bitmap subtitle as on Blu-ray: a white bar at the bottom of a 320 × 180 picture.

/// Ticks of the clock a second.
const CLOCK: u32 = 90_000;
const WIDTH: u16 = 120;
const HEIGHT: u16 = 16;
const LEFT: u16 = 100;
const TOP: u16 = 150;

const PALETTE: u8 = 0x14;
const OBJECT: u8 = 0x15;
const COMPOSITION: u8 = 0x16;
const WINDOW: u8 = 0x17;
const END: u8 = 0x80;

/// Shown from 1 s to 2 s and from 3 s to 4.5 s.
pub fn two_lines() -> Vec<u8> {
    let mut file = Vec::new();
    let mut number = 0;
    for (from, to) in [(CLOCK, 2 * CLOCK), (3 * CLOCK, 9 * CLOCK / 2)] {
        shown(&mut file, from, number);
        cleared(&mut file, to, number + 1);
        number += 2;
    }
    file
}

fn shown(file: &mut Vec<u8>, at: u32, number: u16) {
    let mut composition = head(number, 0x80, 1);
    composition.extend([0, 0, 0, 0]); // object 0 in window 0, not cropped
    composition.extend(LEFT.to_be_bytes());
    composition.extend(TOP.to_be_bytes());
    segment(file, at, COMPOSITION, &composition);
    segment(file, at, WINDOW, &window());
    // Palette 0, version 0: entry 1 is opaque white.
    segment(file, at, PALETTE, &[0, 0, 1, 235, 128, 128, 255]);
    segment(file, at, OBJECT, &object());
    segment(file, at, END, &[]);
}

fn cleared(file: &mut Vec<u8>, at: u32, number: u16) {
    segment(file, at, COMPOSITION, &head(number, 0, 0));
    segment(file, at, WINDOW, &window());
    segment(file, at, END, &[]);
}

fn head(number: u16, state: u8, objects: u8) -> Vec<u8> {
    let mut head = Vec::new();
    head.extend(320u16.to_be_bytes());
    head.extend(180u16.to_be_bytes());
    head.push(0x10);
    head.extend(number.to_be_bytes());
    head.extend([state, 0, 0, objects]);
    head
}

fn window() -> Vec<u8> {
    let mut window = vec![1, 0];
    for value in [LEFT, TOP, WIDTH, HEIGHT] {
        window.extend(value.to_be_bytes());
    }
    window
}

fn object() -> Vec<u8> {
    let mut runs = Vec::new();
    for _ in 0..HEIGHT {
        // A long run of colour 1, then the end of the line.
        runs.extend([0, 0xc0 | (WIDTH >> 8) as u8, (WIDTH & 0xff) as u8, 1, 0, 0]);
    }
    let length = runs.len() as u32 + 4;
    let mut object = vec![0, 0, 0, 0xc0];
    object.extend(&length.to_be_bytes()[1..]);
    object.extend(WIDTH.to_be_bytes());
    object.extend(HEIGHT.to_be_bytes());
    object.extend(runs);
    object
}

fn segment(file: &mut Vec<u8>, at: u32, kind: u8, body: &[u8]) {
    file.extend(b"PG");
    file.extend(at.to_be_bytes());
    file.extend(0u32.to_be_bytes());
    file.push(kind);
    file.extend((body.len() as u16).to_be_bytes());
    file.extend(body);
}
