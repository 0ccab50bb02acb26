//! Checks of the whole: what no single line shows to be wrong.

use super::centre::Centre;
use super::read::Mistakes;

/// Numbers that more than one of these centres claims; every claim but the first is a mistake.
pub fn claimed_twice(_centres: &[&Centre]) -> Option<Mistakes> {
    None
}
