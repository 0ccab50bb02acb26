//! From the disk: the files of a centre's directory. The only place in this room that touches one.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::centre::Centre;
use super::read::{MOST_BYTES, MOST_FILES, Mistakes, read_centre};
use crate::routing::ids::CentreName;

/// The most recordings listed, and the deepest directory looked into for them: a set of prompts in each
/// language with room, and no walk through a disk that somebody linked there.
const MOST_RECORDINGS: usize = 20_000;
const DEEPEST_RECORDING: usize = 4;

/// The bytes of a centre's directory, as read.
#[derive(Clone, Debug, Default)]
pub struct CentreFiles {
    /// Every `*.yaml` of the directory itself: its path as mistakes show it, and its bytes.
    pub yaml: Vec<(String, Vec<u8>)>,
    /// The names of the recordings, `prompts/**/*.wav`, without directory and ending; `None` when nobody looked.
    pub recordings: Option<BTreeSet<String>>,
}

/// Why a centre could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The directory or a file of it cannot be read.
    #[error("{path}: {why}", path = path.display())]
    Unreadable { path: PathBuf, why: io::Error },
    /// The admin has to put the files right.
    #[error("{0}")]
    Mistaken(#[from] Mistakes),
}

impl CentreFiles {
    /// Reads a centre's directory. Of a file that is too large, only so much that the reader sees it is; files
    /// whose names begin with a dot are left to whoever put them there.
    ///
    /// # Errors
    /// [`LoadError::Unreadable`] for the directory or any file of it.
    pub fn read(directory: &Path) -> Result<CentreFiles, LoadError> {
        let mut yaml = Vec::new();
        for (path, name) in listed(directory)? {
            let ends = path.extension().is_some_and(|end| end == "yaml" || end == "yml");
            // One more than may be, so that the reader says so.
            if ends && !name.starts_with('.') && yaml.len() <= MOST_FILES {
                yaml.push((path.display().to_string(), bytes(&path)?));
            }
        }
        let mut recordings = BTreeSet::new();
        let prompts = directory.join("prompts");
        if prompts.is_dir() {
            recorded(&prompts, "", DEEPEST_RECORDING, &mut recordings)?;
        }
        Ok(CentreFiles { yaml, recordings: Some(recordings) })
    }
}

/// Reads a centre's directory and all that is in it.
///
/// # Errors
/// [`LoadError`]: what cannot be read, or every mistake at once.
pub fn load_centre(name: &CentreName, directory: &Path) -> Result<Centre, LoadError> {
    Ok(read_centre(name, &CentreFiles::read(directory)?)?)
}

fn unreadable(path: &Path) -> impl FnOnce(io::Error) -> LoadError {
    let path = path.to_owned();
    move |why| LoadError::Unreadable { path, why }
}

/// What stands in a directory, by name.
fn listed(directory: &Path) -> Result<Vec<(PathBuf, String)>, LoadError> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(unreadable(directory))? {
        let entry = entry.map_err(unreadable(directory))?;
        found.push((entry.path(), entry.file_name().to_string_lossy().into_owned()));
    }
    found.sort();
    Ok(found)
}

/// A file's bytes, cut shortly behind [`MOST_BYTES`]: whoever points us at a disk image is told so in no time.
pub(crate) fn bytes(path: &Path) -> Result<Vec<u8>, LoadError> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable(path))?;
    file.take(MOST_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(unreadable(path))?;
    Ok(bytes)
}

fn recorded(directory: &Path, before: &str, deep: usize, found: &mut BTreeSet<String>) -> Result<(), LoadError> {
    for (path, name) in listed(directory)? {
        if found.len() >= MOST_RECORDINGS {
            return Ok(());
        }
        if path.is_dir() && deep > 0 {
            recorded(&path, &format!("{before}{name}/"), deep - 1, found)?;
        } else if let Some(stem) = name.strip_suffix(".wav") {
            found.insert(format!("{before}{stem}"));
        }
    }
    Ok(())
}
