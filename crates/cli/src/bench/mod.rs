//! What `bench` computes: the laws by which parallel work is judged, and the load of the processor.

pub mod laws;
pub mod load;
