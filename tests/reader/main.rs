//! The reference reader reads what is there, and sees every kind of wrong.
mod set;
