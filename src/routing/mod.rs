//! THE CORE: who gets which call. Pure: inputs in, effects and facts out.

pub mod ids;
pub mod queue;
