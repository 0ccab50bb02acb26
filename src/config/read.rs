//! The text of `cordboard.yaml` to its types, with every mistake at its place.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::{
    AsteriskConfig, CentreConfig, Config, Contexts, DEFAULT_ADDRESS, Hooks, HostPort, LogFormat, Logging, Secret,
    Sounds, Speech, SwitchConfig, Tls, Web,
};
use ipnet::IpNet;

use crate::dialplan::read::fields::{Fields, Known, entries, items};
use crate::dialplan::read::mistake::{Notes, nearest};
use crate::dialplan::read::node::{Node, Value};
use crate::dialplan::read::{scalar, syntax};
use crate::dialplan::{Language, Mistakes};
use crate::routing::ids::{CentreName, SwitchName};

/// Reads the text of a `cordboard.yaml`. `path` is how mistakes name it; relative paths in it count from its
/// directory.
///
/// # Errors
/// Every mistake in it.
pub fn read_config(path: &Path, bytes: &[u8]) -> Result<Config, Mistakes> {
    let mut reader = Reader { notes: Notes::default(), directory: path.parent().unwrap_or(Path::new("")).to_owned() };
    let file: Arc<str> = path.display().to_string().into();
    let root = syntax::parse(&file, bytes, &mut reader.notes);
    let config = root.and_then(|root| reader.config(&root));
    reader.notes.finish()?;
    config.ok_or_else(Mistakes::default)
}

const CONFIG: Known = Known {
    what: "cordboard.yaml",
    keys: &["data", "web", "database", "switches", "centres", "speech", "logging"],
    later: &["mail", "nats", "recordings"],
};
const WEB: Known =
    Known { what: "web", keys: &["address", "token", "token_file", "token_env", "hooks"], later: &["tls", "title"] };
const HOOKS: Known = Known { what: "hooks", keys: &["allow"], later: &[] };
const TOKENS: [&str; 3] = ["token", "token_file", "token_env"];
const SWITCH: Known = Known { what: "a switch", keys: &["asterisk", "rehearsal"], later: &["freeswitch"] };
const ASTERISK: Known = Known {
    what: "asterisk",
    keys: &["ami", "user", "secret", "secret_file", "secret_env", "tls", "sounds", "contexts", "music", "dead_man"],
    later: &[],
};
const TLS: Known = Known { what: "tls", keys: &["ca", "name"], later: &[] };
const SOUNDS: Known = Known { what: "sounds", keys: &["here", "switch"], later: &["http"] };
const CONTEXTS: Known = Known { what: "contexts", keys: &["entry", "agent"], later: &[] };
const CENTRE: Known = Known { what: "a centre", keys: &["directory"], later: &[] };
const SPEECH: Known = Known { what: "speech", keys: &["program", "voices", "rate"], later: &[] };
const LOGGING: Known = Known { what: "logging", keys: &["filter", "format"], later: &["file"] };

/// The longest name of a centre: it goes onto a channel of the switch with every call.
const LONGEST_CENTRE_NAME: usize = 16;

struct Reader {
    notes: Notes,
    /// What relative paths count from.
    directory: PathBuf,
}

impl Reader {
    fn config(&mut self, root: &Node) -> Option<Config> {
        let fields = Fields::of(root, &CONFIG, &mut self.notes)?;
        let data = match fields.get("data") {
            Some(node) => self.path(node, "data"),
            None => Some(self.directory.join("data")),
        };
        let web = match fields.get("web") {
            Some(node) => self.web(node),
            None => Some(Web { address: DEFAULT_ADDRESS, token: None, hooks: Hooks::default() }),
        };
        let database = match fields.get("database") {
            Some(node) => self.database(node),
            None => data.as_ref().map(|data| format!("sqlite:{}", data.join("cordboard.db").display())),
        };
        let switches = fields.require("switches", &mut self.notes).map(|node| self.switches(node));
        let centres = fields.require("centres", &mut self.notes).map(|node| self.centres(node));
        let speech = match fields.get("speech") {
            Some(node) => self.speech(node),
            None => Some(Speech::default()),
        };
        let logging = match fields.get("logging") {
            Some(node) => self.logging(node),
            None => Some(Logging { filter: "info".into(), format: LogFormat::Text }),
        };
        Some(Config {
            data: data?,
            web: web?,
            database: database?,
            switches: switches?,
            centres: centres?,
            speech: speech?,
            logging: logging?,
        })
    }

    fn web(&mut self, node: &Node) -> Option<Web> {
        let fields = Fields::of(node, &WEB, &mut self.notes)?;
        let address = match fields.get("address") {
            Some(node) => self.address(node),
            None => Some(DEFAULT_ADDRESS),
        };
        let token = if TOKENS.iter().any(|key| fields.get(key).is_some()) {
            Some(fields.one_of(&TOKENS, &mut self.notes).and_then(|(kind, node)| self.token(kind, node))?)
        } else {
            None
        };
        let hooks = match fields.get("hooks") {
            Some(node) => self.hooks(node)?,
            None => Hooks::default(),
        };
        Some(Web { address: address?, token, hooks })
    }

    fn hooks(&mut self, node: &Node) -> Option<Hooks> {
        let fields = Fields::of(node, &HOOKS, &mut self.notes)?;
        let mut allow = Vec::new();
        for node in fields.get("allow").map_or(&[][..], |node| items(node, "networks", &mut self.notes)) {
            let Some(text) = scalar::text(node, "a network", &mut self.notes) else { continue };
            match text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from)) {
                Some(network) => allow.push(network),
                None => self.notes.add(&node.place, format!("\"{text}\" is no network; write 10.1.0.0/16 or 10.1.2.3")),
            }
        }
        Some(Hooks { allow })
    }

    fn address(&mut self, node: &Node) -> Option<SocketAddr> {
        let text = scalar::text(node, "address", &mut self.notes)?;
        let address = text.parse().ok();
        if address.is_none() {
            self.notes.add(&node.place, format!("\"{text}\" is no address and port; write 127.0.0.1:8080"));
        }
        address
    }

    fn token(&mut self, kind: &str, node: &Node) -> Option<Secret> {
        match kind {
            "token" => self.line(node, "token").map(Secret::Here),
            "token_file" => self.path(node, "token_file").map(Secret::File),
            _ => self.line(node, "token_env").map(Secret::Env),
        }
    }

    fn database(&mut self, node: &Node) -> Option<String> {
        let text = scalar::text(node, "database", &mut self.notes)?;
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.starts_with(':') {
                self.notes.add(&node.place, "a database in memory would be lost at every stop; write sqlite:<path>");
                return None;
            }
            return Some(format!("sqlite:{}", self.directory.join(path).display()));
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Some(text.into());
        }
        // The text may hold a password: it is not repeated in the sentence, but its line is shown by the file's owner.
        self.notes.add(&node.place, "a database is sqlite:<path> or postgres://<user>:<password>@<host>/<name>");
        None
    }

    fn switches(&mut self, node: &Node) -> BTreeMap<SwitchName, SwitchConfig> {
        let mut switches = BTreeMap::new();
        let before = self.notes.count();
        for (name, key, value) in entries(&[node], "switches", &mut self.notes) {
            let good = scalar::is_name(name, "the name of a switch", key, &mut self.notes);
            if let Some(switch) = self.switch(value).filter(|_| good) {
                switches.insert(SwitchName::new(name), switch);
            }
        }
        self.at_least_one(switches.is_empty(), before, node, "a switch");
        switches
    }

    fn at_least_one(&mut self, none: bool, before: usize, node: &Node, what: &str) {
        if none && self.notes.count() == before && !matches!(node.value, Value::Broken) {
            self.notes.add(&node.place, format!("at least {what} is needed"));
        }
    }

    fn switch(&mut self, node: &Node) -> Option<SwitchConfig> {
        let fields = Fields::of(node, &SWITCH, &mut self.notes)?;
        match fields.one_of(SWITCH.keys, &mut self.notes)? {
            ("asterisk", node) => self.asterisk(node).map(Box::new).map(SwitchConfig::Asterisk),
            (_, node) => match &node.value {
                Value::Map(pairs) if pairs.is_empty() => Some(SwitchConfig::Rehearsal),
                Value::Scalar(_) if node.is_empty() => Some(SwitchConfig::Rehearsal),
                Value::Scalar(_) | Value::List(_) | Value::Map(_) => {
                    self.notes.add(&node.place, "a rehearsal switch has nothing to set; write rehearsal: {}");
                    None
                }
                Value::Broken => None,
            },
        }
    }

    fn asterisk(&mut self, node: &Node) -> Option<AsteriskConfig> {
        let fields = Fields::of(node, &ASTERISK, &mut self.notes)?;
        let ami = fields.require("ami", &mut self.notes).and_then(|node| self.host_port(node));
        let user = fields.require("user", &mut self.notes).and_then(|node| self.line(node, "user"));
        let secret = fields.one_of(&["secret", "secret_file", "secret_env"], &mut self.notes);
        let secret = secret.and_then(|(kind, node)| match kind {
            "secret" => self.line(node, "secret").map(Secret::Here),
            "secret_file" => self.path(node, "secret_file").map(Secret::File),
            _ => self.line(node, "secret_env").map(Secret::Env),
        });
        let tls = match fields.get("tls") {
            Some(node) => self.tls(node, ami.as_ref()).map(Some),
            None => Some(None),
        };
        let sounds = fields.require("sounds", &mut self.notes).and_then(|node| self.sounds(node));
        let contexts = match fields.get("contexts") {
            Some(node) => self.contexts(node),
            None => Some(Contexts::default()),
        };
        let music = match fields.get("music") {
            Some(node) => self.dialplan_word(node, "music"),
            None => Some("default".into()),
        };
        // Below, a start would not be over in time, and the renewals would be most of what is said on the link.
        let lasts = Duration::from_secs(5)..=Duration::from_secs(600);
        let dead_man = match fields.get("dead_man") {
            Some(node) => scalar::duration(node, "dead_man", lasts, &mut self.notes),
            None => Some(AsteriskConfig::DEAD_MAN),
        };
        Some(AsteriskConfig {
            ami: ami?,
            user: user?,
            secret: secret?,
            tls: tls?,
            sounds: sounds?,
            contexts: contexts?,
            music: music?,
            dead_man: dead_man?,
        })
    }

    fn host_port(&mut self, node: &Node) -> Option<HostPort> {
        let text = scalar::text(node, "ami", &mut self.notes)?;
        let found = text.rsplit_once(':').and_then(|(host, port)| {
            let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
            let port = scalar::digits(port).and_then(|port| u16::try_from(port).ok()).filter(|port| *port > 0)?;
            let good = !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || ".-_:".contains(c));
            good.then(|| HostPort { host: host.into(), port })
        });
        if found.is_none() {
            self.notes.add(&node.place, format!("\"{text}\" is no host and port; write 127.0.0.1:5038"));
        }
        found
    }

    fn tls(&mut self, node: &Node, ami: Option<&HostPort>) -> Option<Tls> {
        let fields = Fields::of(node, &TLS, &mut self.notes)?;
        let ca = fields.require("ca", &mut self.notes).and_then(|node| self.path(node, "ca"));
        let name = match fields.get("name") {
            Some(node) => self.line(node, "name"),
            None => ami.map(|ami| ami.host.clone()),
        };
        Some(Tls { ca: ca?, name: name? })
    }

    fn sounds(&mut self, node: &Node) -> Option<Sounds> {
        let fields = Fields::of(node, &SOUNDS, &mut self.notes)?;
        let here = fields.require("here", &mut self.notes).and_then(|node| self.path(node, "here"));
        let switch = match fields.get("switch") {
            // A path on the switch's own disk: nothing of ours to count from.
            Some(node) => self.switch_path(node),
            None => here.clone(),
        };
        Some(Sounds { here: here?, switch: switch? })
    }

    fn switch_path(&mut self, node: &Node) -> Option<PathBuf> {
        let text = self.line(node, "switch")?;
        // It stands unquoted in the switch's own dialplan, where these end an argument.
        let good = text.starts_with('/') && !text.contains([' ', ',', '&', '|', ';', '"', '$', '{', '}']);
        if !good {
            let sentence = format!("\"{text}\" is no directory that a switch can play from: from / on, without spaces");
            self.notes.add(&node.place, sentence);
        }
        good.then(|| text.into())
    }

    fn contexts(&mut self, node: &Node) -> Option<Contexts> {
        let fields = Fields::of(node, &CONTEXTS, &mut self.notes)?;
        let Contexts { entry, agent } = Contexts::default();
        let entry = match fields.get("entry") {
            Some(node) => self.dialplan_word(node, "entry"),
            None => Some(entry),
        };
        let agent = match fields.get("agent") {
            Some(node) => self.dialplan_word(node, "agent"),
            None => Some(agent),
        };
        Some(Contexts { entry: entry?, agent: agent? })
    }

    /// A name in the switch's own dialplan.
    fn dialplan_word(&mut self, node: &Node, what: &str) -> Option<String> {
        let text = scalar::text(node, what, &mut self.notes)?;
        let good = text.len() <= 79 && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        if !good {
            self.notes.add(&node.place, format!("\"{text}\" cannot be {what}: letters, digits, _ and -"));
        }
        good.then(|| text.into())
    }

    fn centres(&mut self, node: &Node) -> BTreeMap<CentreName, CentreConfig> {
        let mut centres = BTreeMap::new();
        let before = self.notes.count();
        for (name, key, value) in entries(&[node], "centres", &mut self.notes) {
            let good = name.len() <= LONGEST_CENTRE_NAME
                && name.starts_with(|c: char| c.is_ascii_lowercase())
                && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
            if !good {
                let sentence = format!(
                    "\"{name}\" cannot be the name of a centre: a to z and 0 to 9, beginning with a letter, at most \
                     {LONGEST_CENTRE_NAME}"
                );
                self.notes.add(&key.place, sentence);
            }
            let Some(fields) = Fields::of(value, &CENTRE, &mut self.notes) else { continue };
            let directory = fields.require("directory", &mut self.notes);
            if let Some(directory) = directory.and_then(|node| self.path(node, "directory")).filter(|_| good) {
                centres.insert(CentreName::new(name), CentreConfig { directory });
            }
        }
        self.at_least_one(centres.is_empty(), before, node, "a centre");
        centres
    }

    fn speech(&mut self, node: &Node) -> Option<Speech> {
        let fields = Fields::of(node, &SPEECH, &mut self.notes)?;
        let mut speech = Speech::default();
        if let Some(node) = fields.get("program") {
            let text = self.line(node, "program")?;
            // A bare name is looked for where programs are; anything else is a path.
            speech.program = if text.contains('/') { self.directory.join(text) } else { text.into() };
        }
        if let Some(node) = fields.get("voices") {
            for (word, key, value) in entries(&[node], "voices", &mut self.notes) {
                let voice = self.line(value, "a voice");
                match (word.parse::<Language>(), voice) {
                    (Ok(language), Some(voice)) if !voice.starts_with('-') => {
                        speech.voices.insert(language, voice);
                    }
                    (Ok(_), Some(voice)) => {
                        self.notes.add(&value.place, format!("\"{voice}\" is no voice but an option"));
                    }
                    (Ok(_), None) => {}
                    (Err(_), _) => {
                        let meant = nearest(word, Language::ALL.map(Language::as_str));
                        let sentence = format!("\"{word}\" is no language; there are en, zh");
                        self.notes.add_suggesting(&key.place, sentence, meant);
                    }
                }
            }
        }
        if let Some(node) = fields.get("rate") {
            speech.rate =
                scalar::number(node, "rate", 80..=450, &mut self.notes).and_then(|n| u16::try_from(n).ok())?;
        }
        Some(speech)
    }

    fn logging(&mut self, node: &Node) -> Option<Logging> {
        let fields = Fields::of(node, &LOGGING, &mut self.notes)?;
        let filter = match fields.get("filter") {
            Some(node) => self.filter(node),
            None => Some("info".into()),
        };
        let format = match fields.get("format") {
            Some(node) => {
                let words = [("text", LogFormat::Text), ("json", LogFormat::Json)];
                scalar::word(node, "format", &words, &mut self.notes)
            }
            None => Some(LogFormat::Text),
        };
        Some(Logging { filter: filter?, format: format? })
    }

    fn filter(&mut self, node: &Node) -> Option<String> {
        let text = self.line(node, "filter")?;
        if let Err(why) = text.parse::<tracing_subscriber::filter::Targets>() {
            let sentence = format!("\"{text}\" is no filter ({why}); write info or info,cordboard::switch=debug");
            self.notes.add(&node.place, sentence);
            return None;
        }
        Some(text)
    }

    /// A text of one line.
    fn line(&mut self, node: &Node, what: &str) -> Option<String> {
        let text = scalar::text(node, what, &mut self.notes)?;
        if text.chars().any(char::is_control) {
            self.notes.add(&node.place, format!("{what} is one line, without control characters"));
            return None;
        }
        Some(text.into())
    }

    fn path(&mut self, node: &Node, what: &str) -> Option<PathBuf> {
        self.line(node, what).map(|text| self.directory.join(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Config, Mistakes> {
        read_config(Path::new("/etc/cordboard/cordboard.yaml"), text.as_bytes())
    }

    /// Every mistake as `line:column sentence`.
    fn mistakes(text: &str) -> Vec<String> {
        let mistakes = read(text).unwrap_err();
        let shown = |m: &crate::dialplan::Mistake| format!("{}:{} {}", m.place.line, m.place.column, m.sentence);
        mistakes.iter().map(shown).collect()
    }

    #[test]
    fn what_is_not_said_has_its_default() {
        let config =
            read("switches: { main: { rehearsal: {} } }\ncentres: { hotline: { directory: hotline } }").unwrap();
        assert_eq!(config.data, Path::new("/etc/cordboard/data"));
        assert_eq!(config.database, "sqlite:/etc/cordboard/data/cordboard.db");
        assert_eq!(config.web.address, DEFAULT_ADDRESS);
        assert_eq!(config.switches[&SwitchName::new("main")], SwitchConfig::Rehearsal);
        assert_eq!(config.centres[&CentreName::new("hotline")].directory, Path::new("/etc/cordboard/hotline"));
        assert_eq!(config.speech.voices[&Language::Zh], "cmn-latn-pinyin");
        assert_eq!(config.logging, Logging { filter: "info".into(), format: LogFormat::Text });
    }

    #[test]
    fn a_token_is_said_in_one_way() {
        let with = |web: &str| {
            format!("web: {web}\nswitches: {{ a: {{ rehearsal: }} }}\ncentres: {{ b: {{ directory: b }} }}")
        };
        let config = read(&with("{ address: \"0.0.0.0:80\", token_file: token }")).unwrap();
        assert_eq!(config.web.token, Some(Secret::File("/etc/cordboard/token".into())));
        assert_eq!(read(&with("{ token: abc }")).unwrap().web.token, Some(Secret::Here("abc".into())));
        let [twice] = mistakes(&with("{ token: abc, token_env: ABC }")).try_into().unwrap();
        assert!(twice.contains("only one of token, token_file, token_env"), "{twice}");
    }

    #[test]
    fn everything_can_be_said() {
        let text = r#"
data: /var/lib/cordboard
web: { address: "[::1]:9090" }
database: postgres://cordboard@localhost/cordboard
switches:
  main:
    asterisk:
      ami: pbx.example:5039
      user: cordboard
      secret_env: CORDBOARD_AMI
      tls: { ca: ca.pem }
      sounds: { here: /srv/sounds, switch: /var/lib/asterisk/sounds/cordboard }
      contexts: { entry: in, agent: out }
      music: classical
      dead_man: 1m30s
centres:
  hotline: { directory: /srv/centres/hotline }
speech: { program: ./say, voices: { en: en-us }, rate: 150 }
logging: { filter: "info,cordboard::switch=debug", format: json }
"#;
        let config = read(text).unwrap();
        let SwitchConfig::Asterisk(asterisk) = &config.switches[&SwitchName::new("main")] else { panic!() };
        assert_eq!(asterisk.ami, HostPort { host: "pbx.example".into(), port: 5039 });
        assert_eq!(asterisk.secret, Secret::Env("CORDBOARD_AMI".into()));
        assert_eq!(asterisk.tls, Some(Tls { ca: "/etc/cordboard/ca.pem".into(), name: "pbx.example".into() }));
        assert_eq!(asterisk.contexts.agent, "out");
        assert_eq!(asterisk.dead_man, Duration::from_secs(90));
        assert_eq!(config.speech.program, Path::new("/etc/cordboard/./say"));
        assert_eq!(config.speech.voices[&Language::En], "en-us");
        assert_eq!(config.speech.voices[&Language::Zh], "cmn-latn-pinyin");
        assert_eq!(config.logging.format, LogFormat::Json);
    }

    #[test]
    fn all_mistakes_are_told_at_once_with_their_places() {
        let text = r#"
web: { adress: "localhost" }
database: mysql://somewhere
switches:
  main:
    asterisk:
      ami: pbx
      user: cordboard
      secret: a
      secret_file: b
      sounds: { here: x, switch: relative }
      dead_man: 4s
  Second: { rehearsal: { speed: 2 } }
  third: { freeswitch: {} }
centres:
  hot_line: { directory: "" }
speech: { voices: { fr: french }, rate: 5 }
logging: { filter: "a=b=c", format: xml }
"#;
        assert_eq!(
            mistakes(text),
            [
                "2:8 web has no \"adress\"",
                "2:16 \"localhost\" is no address and port; write 127.0.0.1:8080",
                "3:11 a database is sqlite:<path> or postgres://<user>:<password>@<host>/<name>",
                "7:12 \"pbx\" is no host and port; write 127.0.0.1:5038",
                "10:7 \"secret_file\" as well: asterisk has only one of secret, secret_file, secret_env",
                "11:34 \"relative\" is no directory that a switch can play from: from / on, without spaces",
                "12:17 dead_man is from 5s to 10m, not 4s",
                "13:3 \"Second\" cannot be the name of a switch: a to z, 0 to 9 and _, beginning with a letter, at \
                 most 40",
                "13:24 a rehearsal switch has nothing to set; write rehearsal: {}",
                "14:12 \"freeswitch\" is planned, and not there yet",
                "16:3 \"hot_line\" cannot be the name of a centre: a to z and 0 to 9, beginning with a letter, at \
                 most 16",
                "16:26 directory is empty",
                "17:21 \"fr\" is no language; there are en, zh",
                "17:41 rate is a whole number from 80 to 450, not \"5\"",
                "18:20 \"a=b=c\" is no filter (invalid filter directive: too many '=' in filter directive, expected 0 \
                 or 1); write info or info,cordboard::switch=debug",
                "18:37 format is one of text, json, not \"xml\"",
            ]
        );
    }

    #[test]
    fn an_empty_file_says_what_is_needed() {
        assert_eq!(mistakes(""), ["1:1 the file is empty"]);
        assert_eq!(
            mistakes("data: here"),
            ["1:1 cordboard.yaml needs \"centres\"", "1:1 cordboard.yaml needs \"switches\""]
        );
        assert_eq!(
            mistakes("switches: {}\ncentres: {}"),
            ["1:11 at least a switch is needed", "2:10 at least a centre is needed"]
        );
    }
}
