//! What the views of older scripts refuse, keep and leave alone.

mod dump;
mod rights;
mod rules;
mod texts;
