//! Whole nodes, real ffmpeg, real faults: what the tests under this folder are made of.
//!
//! Clips are recipes and made on the spot; what the product makes of them is read back by a reader of our own.

#[cfg(test)]
mod bad_wires;
pub mod barcode;
pub mod carried;
pub mod clips;
pub mod exact;
pub mod film;
mod forge;
pub mod frames;
pub mod hosts;
pub mod nodes;
pub mod product;
pub mod recipe;
pub mod sound;
pub mod tool;
pub mod verdict;
