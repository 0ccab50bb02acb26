//! Reading: YAML bytes to checked types, with every mistake at its place.

mod mistake;

pub use mistake::{Mistake, Mistakes, Place};

use super::centre::Centre;
use super::load::CentreFiles;
use crate::routing::ids::CentreName;

/// Reads a centre from the files of its directory.
pub fn read_centre(_name: &CentreName, _files: &CentreFiles) -> Result<Centre, Mistakes> {
    Err(Mistakes::default())
}
