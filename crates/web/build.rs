//! A release build carries the page: it must be built again when the page was.
fn main() {
    println!("cargo:rerun-if-changed=../../ui/dist");
}
