//! Published versions on the local disk: whole, by hash, so that a call that outlives a start finds the dialplan it
//! began in, database or not.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::StartError;
use crate::dialplan::{Centre, CentreFiles, read_centre};
use crate::routing::ids::{CentreName, VersionHash};

#[derive(Serialize, Deserialize)]
struct Kept {
    yaml: BTreeMap<String, String>,
    recordings: Option<BTreeSet<String>>,
}

fn path_of(directory: &Path, version: &VersionHash) -> PathBuf {
    // A hash of ours is hexadecimal; anything else was not made by us.
    let safe: String = version.as_str().chars().filter(char::is_ascii_alphanumeric).collect();
    directory.join(format!("{safe}.json"))
}

/// Keep a version, once; complete and on the disk when this returns.
///
/// # Errors
/// [`StartError::Version`]: the disk.
pub fn keep(directory: &Path, version: &VersionHash, files: &CentreFiles) -> Result<(), StartError> {
    let path = path_of(directory, version);
    let at = |why| StartError::Version { version: version.clone(), path: path.clone(), why };
    if path.exists() {
        return Ok(());
    }
    fs::create_dir_all(directory).map_err(at)?;
    let yaml = files.yaml.iter().map(|(name, bytes)| (name.clone(), String::from_utf8_lossy(bytes).into_owned()));
    let kept = Kept { yaml: yaml.collect(), recordings: files.recordings.clone() };
    let text = serde_json::to_vec(&kept).map_err(|why| at(why.into()))?;
    let half = path.with_extension("new");
    let write = || {
        let mut file = fs::File::create(&half)?;
        file.write_all(&text)?;
        file.sync_all()?;
        fs::rename(&half, &path)
    };
    write().map_err(at)
}

/// A version kept before; `None` where it is not there or cannot be read any more (the reader has changed).
pub fn recall(directory: &Path, centre: &CentreName, version: &VersionHash) -> Option<Centre> {
    let text = fs::read(path_of(directory, version)).ok()?;
    let kept: Kept = serde_json::from_slice(&text).ok()?;
    let yaml = kept.yaml.into_iter().map(|(name, text)| (name, text.into_bytes())).collect();
    let files = CentreFiles { yaml, recordings: kept.recordings };
    match read_centre(centre, &files) {
        Ok(read) => Some(Centre { version: version.clone(), ..read }),
        Err(mistakes) => {
            tracing::warn!(%centre, %version, %mistakes, "a kept version cannot be read any more");
            None
        }
    }
}

/// A version kept before as an admin wrote it: each file under a line with its name. `None` where it is not there.
pub fn text(directory: &Path, version: &VersionHash) -> Option<String> {
    let kept: Kept = serde_json::from_slice(&fs::read(path_of(directory, version)).ok()?).ok()?;
    let mut whole = String::new();
    for (name, text) in kept.yaml {
        let name = Path::new(&name).file_name().map_or(name.clone(), |file| file.to_string_lossy().into_owned());
        whole.push_str(&format!("# {name}\n{text}"));
        if !whole.ends_with('\n') {
            whole.push('\n');
        }
    }
    Some(whole)
}

/// Every version kept that can still be read, for a replay.
///
/// # Errors
/// The directory cannot be listed; one that is not there holds none.
pub fn all_kept(directory: &Path, centre: &CentreName) -> std::io::Result<Vec<Centre>> {
    let mut all = Vec::new();
    let listed = match fs::read_dir(directory) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(all),
        other => other?,
    };
    for entry in listed {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "json")
            && let Some(hash) = path.file_stem().and_then(|stem| stem.to_str())
        {
            all.extend(recall(directory, centre, &VersionHash::new(hash)));
        }
    }
    Ok(all)
}
