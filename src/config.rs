//! `cordboard.yaml`: the installation's own file, as checked types.
//!
//! Owns the file's words and the environment variables it names; nobody else reads either. As strict as the
//! dialplan, with the same reader: every mistake at once, each at its place.

mod read;

use std::collections::BTreeMap;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;

pub use self::read::read_config;
use crate::dialplan::read::MOST_BYTES;
use crate::dialplan::{Language, Mistakes};
use crate::routing::ids::{CentreName, SwitchName};

/// All of `cordboard.yaml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `data`: the directory for journal, cache and, by default, the database. `data` unless given.
    pub data: PathBuf,
    /// `web`
    pub web: Web,
    /// `database`: `sqlite:<path>` or `postgres://...`; `sqlite:<data>/cordboard.db` unless given.
    pub database: String,
    /// `switches`: by name. At least one.
    pub switches: BTreeMap<SwitchName, SwitchConfig>,
    /// `centres`: by name. At least one.
    pub centres: BTreeMap<CentreName, CentreConfig>,
    /// `speech`
    pub speech: Speech,
    /// `logging`
    pub logging: Logging,
}

/// `web`: pages and the HTTP interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Web {
    /// `address`: where it listens. 127.0.0.1:8080 unless given.
    pub address: SocketAddr,
    /// `token`, `token_file` or `token_env`: at most one. What every request must bring where `address` can be
    /// reached from other machines; there `serve` does not start without one.
    pub token: Option<Secret>,
    /// `hooks`
    pub hooks: Hooks,
}

/// `hooks`: where facts may be sent to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hooks {
    /// `allow`: networks inside that a hook's address may be in, as `10.1.0.0/16`; for them `http` will do. None unless
    /// given: whoever may register a hook would otherwise have Cordboard ask what only it can reach.
    pub allow: Vec<IpNet>,
}

/// One switch: exactly one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SwitchConfig {
    /// `asterisk`
    Asterisk(Box<AsteriskConfig>),
    /// `rehearsal: {}`: a switch in memory.
    Rehearsal,
}

/// An Asterisk, driven over its Manager Interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AsteriskConfig {
    /// `ami`: host and port of the Manager Interface.
    pub ami: HostPort,
    /// `user`: of manager.conf.
    pub user: String,
    /// `secret`, `secret_file` or `secret_env`: exactly one.
    pub secret: Secret,
    /// `tls`: without it the link is not encrypted.
    pub tls: Option<Tls>,
    /// `sounds`: one directory as both sides name it.
    pub sounds: Sounds,
    /// `contexts`
    pub contexts: Contexts,
    /// `music`: the music class of a queue that names none. `default` unless given.
    pub music: String,
    /// `dead_man`: how long the switch leaves calls in our hands, and phones that ring for us, without a sign of life of
    /// ours. Conversations go on. A minute unless given; whole seconds, 5s to 10m.
    pub dead_man: Duration,
}

impl AsteriskConfig {
    /// Time enough for a start after a crash; a caller waits no longer than that for nobody, and a telephone outside costs
    /// no more than that.
    pub const DEAD_MAN: Duration = Duration::from_secs(60);
}

/// A host by name or address, and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPort {
    pub host: String,
    pub port: u16,
}

/// `tls`: how the link to a switch is encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// `ca`: the certificates to trust, PEM.
    pub ca: PathBuf,
    /// `name`: what the switch's certificate is made out to. The host of `ami` unless given.
    pub name: String,
}

/// `sounds`: the directory where prompts are put for a switch to play.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sounds {
    /// `here`: as Cordboard writes to it.
    pub here: PathBuf,
    /// `switch`: as the switch reads from it. The same as `here` unless given.
    pub switch: PathBuf,
}

/// `contexts`: where calls meet Cordboard in the switch's own dialplan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contexts {
    /// `entry`: callers. `cordboard` unless given.
    pub entry: String,
    /// `agent`: agents' legs. `cordboard-agent` unless given.
    pub agent: String,
}

/// One centre.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CentreConfig {
    /// `directory`: its YAML files.
    pub directory: PathBuf,
}

/// `speech`: the program that makes prompts of texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Speech {
    /// `program`. `espeak-ng` unless given.
    pub program: PathBuf,
    /// `voices`: by language. `en-gb` and `cmn-latn-pinyin` unless given.
    pub voices: BTreeMap<Language, String>,
    /// `rate`: words a minute. 160 unless given; 80 to 450.
    pub rate: u16,
}

/// `logging`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logging {
    /// `filter`: which events, as `info` or `info,cordboard::switch=debug`. `info` unless given.
    pub filter: String,
    /// `format`: `text` unless given.
    pub format: LogFormat,
}

/// How a log line is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// `text`
    Text,
    /// `json`
    Json,
}

/// A password, or where to find it. Never shown.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// `secret`: in the file itself.
    Here(String),
    /// `secret_file`: the first line of another.
    File(PathBuf),
    /// `secret_env`: an environment variable.
    Env(String),
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Secret::Here(_) => f.write_str("Here(****)"),
            Secret::File(path) => write!(f, "File({})", path.display()),
            Secret::Env(name) => write!(f, "Env({name})"),
        }
    }
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file cannot be read.
    #[error("{path}: {why}", path = path.display())]
    Unreadable { path: PathBuf, why: std::io::Error },
    /// A secret is not where the file says it is.
    #[error("the secret is not there: {0}")]
    NoSecret(String),
    /// The admin has to put the file right.
    #[error("{0}")]
    Mistaken(#[from] Mistakes),
}

impl Secret {
    /// The secret itself, from wherever it is.
    ///
    /// # Errors
    /// [`ConfigError::Unreadable`] or [`ConfigError::NoSecret`]; neither shows any of it.
    pub fn reveal(&self) -> Result<String, ConfigError> {
        let found = match self {
            Secret::Here(secret) => secret.clone(),
            Secret::File(path) => {
                let text =
                    std::fs::read_to_string(path).map_err(|why| ConfigError::Unreadable { path: path.clone(), why })?;
                text.lines().next().unwrap_or_default().to_owned()
            }
            Secret::Env(name) => std::env::var(name).unwrap_or_default(),
        };
        // It goes into a line of the switch's protocol, which a control character would end.
        if found.is_empty() || found.chars().any(char::is_control) {
            return Err(ConfigError::NoSecret(format!("{self:?}")));
        }
        Ok(found)
    }
}

/// Reads `cordboard.yaml` from the disk.
///
/// # Errors
/// [`ConfigError`]: what cannot be read, or every mistake at once.
pub fn load_config(path: &Path) -> Result<Config, ConfigError> {
    let file = std::fs::File::open(path).map_err(|why| ConfigError::Unreadable { path: path.to_owned(), why })?;
    let mut bytes = Vec::new();
    // One byte more than may be, so that the reader says so.
    std::io::Read::read_to_end(&mut std::io::Read::take(file, MOST_BYTES as u64 + 1), &mut bytes)
        .map_err(|why| ConfigError::Unreadable { path: path.to_owned(), why })?;
    Ok(read_config(path, &bytes)?)
}

const DEFAULT_ADDRESS: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 8080));

impl Default for Contexts {
    fn default() -> Self {
        Contexts { entry: "cordboard".into(), agent: "cordboard-agent".into() }
    }
}

impl Default for Speech {
    fn default() -> Self {
        let voices = [(Language::En, "en-gb"), (Language::Zh, "cmn-latn-pinyin")];
        Speech {
            program: "espeak-ng".into(),
            voices: voices.into_iter().map(|(language, voice)| (language, voice.to_owned())).collect(),
            rate: 160,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_shown() {
        assert_eq!(format!("{:?}", Secret::Here("hunter2".into())), "Here(****)");
        let error = Secret::Here("hunter2\r\nAction: Logoff".into()).reveal().unwrap_err();
        assert!(!error.to_string().contains("hunter2"));
        assert_eq!(Secret::Here("hunter2".into()).reveal().unwrap(), "hunter2");
    }

    #[test]
    fn a_secret_in_a_file_is_its_first_line() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "hunter2\n").unwrap();
        assert_eq!(Secret::File(file.path().into()).reveal().unwrap(), "hunter2");
        assert!(Secret::File("/nowhere/at/all".into()).reveal().is_err());
    }
}
