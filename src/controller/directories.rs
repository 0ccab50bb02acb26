//! The centres' directories: reads them all, and hands on what is new, whoever asks (a signal or a page).
//!
//! Never gives out half: a centre with a mistake in it, or whose number another centre claims too, stays as it is.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use super::{Handle, PublishError};
use crate::dialplan::{Centre, CentreFiles, LoadError, claimed_twice, read_centre};
use crate::routing::ids::{CentreName, VersionHash};

/// Where every centre's YAML is.
#[derive(Clone, Debug)]
pub struct Directories(BTreeMap<CentreName, PathBuf>);

/// All that keeps centres from being read, of every centre asked for.
#[derive(Debug)]
pub struct NotRead(pub Vec<LoadError>);

impl fmt::Display for NotRead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, error) in self.0.iter().enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            write!(f, "{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for NotRead {}

/// Why nothing new was published.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    #[error("there is no centre {0}")]
    NoSuchCentre(CentreName),
    /// The admin has to put the files right; what ran before goes on.
    #[error(transparent)]
    NotRead(#[from] NotRead),
    #[error(transparent)]
    Publish(#[from] PublishError),
    #[error("a thread that reads the centres has ended badly")]
    Reader,
}

type Read = Vec<(Centre, CentreFiles)>;

impl Directories {
    pub fn new(directories: BTreeMap<CentreName, PathBuf>) -> Self {
        Self(directories)
    }

    pub fn names(&self) -> impl Iterator<Item = &CentreName> {
        self.0.keys()
    }

    /// Every centre, read and checked. Waits for the disk.
    ///
    /// # Errors
    /// Every mistake of every centre.
    pub fn read(&self) -> Result<Read, NotRead> {
        let (read, mut wrong) = self.read_each();
        if let Err(mistakes) = claimed_twice(&read.iter().map(|(centre, _)| centre).collect::<Vec<_>>()) {
            wrong.push(mistakes.into());
        }
        if wrong.is_empty() { Ok(read) } else { Err(NotRead(wrong)) }
    }

    fn read_each(&self) -> (Read, Vec<LoadError>) {
        let (mut read, mut wrong) = (Vec::new(), Vec::new());
        for (name, directory) in &self.0 {
            let one = CentreFiles::read(directory)
                .and_then(|files| Ok((read_centre(name, &files).map_err(LoadError::from)?, files)));
            match one {
                Ok(one) => read.push(one),
                Err(error) => wrong.push(error),
            }
        }
        (read, wrong)
    }

    /// One centre; the others are looked at only for numbers that it may not claim.
    fn read_one(&self, name: &CentreName) -> Result<(Centre, CentreFiles), ReloadError> {
        let directory = self.0.get(name).ok_or_else(|| ReloadError::NoSuchCentre(name.clone()))?;
        let alone = |error: LoadError| ReloadError::from(NotRead(vec![error]));
        let files = CentreFiles::read(directory).map_err(alone)?;
        let centre = read_centre(name, &files).map_err(|mistakes| alone(mistakes.into()))?;
        let others =
            Self(self.0.iter().filter(|(other, _)| *other != name).map(|(n, d)| (n.clone(), d.clone())).collect());
        let (others, _) = others.read_each();
        // Last, so that a number claimed twice is a mistake of this one.
        let all: Vec<&Centre> = others.iter().map(|(centre, _)| centre).chain([&centre]).collect();
        claimed_twice(&all).map_err(|mistakes| alone(mistakes.into()))?;
        Ok((centre, files))
    }

    /// Reads one centre's directory and publishes it. Says the version, which may be the one that was current.
    ///
    /// # Errors
    /// [`ReloadError`]; what ran before goes on.
    pub async fn reload_one(&self, name: &CentreName, handle: &Handle) -> Result<VersionHash, ReloadError> {
        let (directories, name) = (self.clone(), name.clone());
        let read = tokio::task::spawn_blocking(move || directories.read_one(&name));
        let (centre, files) = read.await.map_err(|_| ReloadError::Reader)??;
        Ok(handle.publish(centre, files).await?)
    }

    /// Reads every centre and publishes them, all or none.
    ///
    /// # Errors
    /// [`ReloadError`]. Where one cannot be published, those before it have been.
    pub async fn reload(&self, handle: &Handle) -> Result<Vec<(CentreName, VersionHash)>, ReloadError> {
        let directories = self.clone();
        let read = tokio::task::spawn_blocking(move || directories.read()).await.map_err(|_| ReloadError::Reader)??;
        let mut published = Vec::new();
        for (centre, files) in read {
            let name = centre.name.clone();
            published.push((name, handle.publish(centre, files).await?));
        }
        Ok(published)
    }
}
