//! Prompts as sounds: from a text by the configured speech program, or from a recording of the centre, into files
//! that the switch can find, each made once.
//!
//! A file is complete before it has its name (made beside it, then renamed), because a switch that is told to play
//! a missing or half a file ends the call's AGI. Nothing here decides what is said, or when.

mod tone;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::process::Command;
use tokio::sync::Semaphore;

use crate::config::Speech;
use crate::dialplan::{Language, Prompt, Sound as PromptSound};
use crate::routing::ids::CentreName;

/// How long the speech program has for one text. Measured: 26 ms a sentence.
pub const SPEAK_WITHIN: Duration = Duration::from_secs(10);

/// Speech programs running at a time: many callers may key a number at once that is to be read back to each, and calls
/// come first. Who has to wait a little is heard a little later.
pub const MOST_SPEAKING: usize = 4;

/// The longest text spoken, in characters; a checked dialplan has none that long.
pub const LONGEST_TEXT: usize = 4_000;

/// What a file holds: part of its name, so that a change of it makes every file anew.
const SOUND_FORMAT: &str = "8000 Hz, 16 bit, one channel, normalised to -3 dB";

#[derive(Debug, thiserror::Error)]
pub enum SpeechError {
    /// Install it, or name another in `speech: { program }`.
    #[error("{program} cannot be run: {why}")]
    NoProgram { program: String, why: std::io::Error },
    #[error("{program} did not make a sound of this text: {why}")]
    Failed { program: String, why: String },
    #[error("{program} took longer than {SPEAK_WITHIN:?}")]
    TooSlow { program: String },
    /// The recording is not in the centre's `prompts` directory, or the sound directory cannot be written.
    #[error("{}: {why}", path.display())]
    File { path: PathBuf, why: std::io::Error },
}

/// Makes sounds of prompts, and knows where they are.
#[derive(Clone, Debug)]
pub struct Speaker {
    speech: Speech,
    /// Where recordings are, by centre.
    recordings: BTreeMap<CentreName, PathBuf>,
    /// One of many, for all clones together.
    speaking: Arc<Semaphore>,
}

impl Speaker {
    pub fn new(speech: Speech, recordings: BTreeMap<CentreName, PathBuf>) -> Self {
        Self { speech, recordings, speaking: Arc::new(Semaphore::new(MOST_SPEAKING)) }
    }

    /// The file's name below the sound directory, without an ending: equal prompts of equal voices, equal names. It
    /// holds letters and digits of ours only, whatever the prompt holds.
    pub fn name_of(&self, centre: &CentreName, prompt: &Prompt) -> String {
        let mut hash = Sha256::new();
        let mut part = |text: &str| {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text.as_bytes());
        };
        match &prompt.sound {
            PromptSound::Say(text) => {
                part("say");
                part(SOUND_FORMAT);
                part(&self.speech.program.display().to_string());
                part(prompt.language.as_str());
                part(self.voice(prompt.language));
                part(&self.speech.rate.to_string());
                part(text);
            }
            PromptSound::Tone => {
                part("tone");
                part(SOUND_FORMAT);
            }
            PromptSound::Recording(name) => {
                part("recording");
                part(centre.as_str());
                part(name);
            }
        }
        let hex: String = hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        format!("cordboard-{hex}")
    }

    fn voice(&self, language: Language) -> &str {
        self.speech.voices.get(&language).map_or(language.as_str(), String::as_str)
    }

    /// The sound in `directory`, made if it is not there. Gives the name below the directory.
    ///
    /// # Errors
    /// See [`SpeechError`]; nothing half made is left behind.
    pub async fn make(&self, centre: &CentreName, prompt: &Prompt, directory: &Path) -> Result<String, SpeechError> {
        let name = self.name_of(centre, prompt);
        let path = directory.join(format!("{name}.wav"));
        if tokio::fs::try_exists(&path).await.unwrap_or(false) && self.is_fresh(centre, prompt, &path).await {
            return Ok(name);
        }
        let at = |path: &Path| {
            let path = path.to_owned();
            move |why| SpeechError::File { path, why }
        };
        tokio::fs::create_dir_all(directory).await.map_err(at(directory))?;
        // One maker never meets another's half file: the process and the task are in the name.
        let half = directory.join(format!(".{name}.{}.{:?}.wav", std::process::id(), tokio::task::try_id()));
        let made = match &prompt.sound {
            PromptSound::Say(text) => self.speak(prompt.language, text, &half).await,
            PromptSound::Tone => tokio::fs::write(&half, tone::wave()).await.map_err(at(&half)),
            PromptSound::Recording(recording) => {
                let from = self.recordings.get(centre).map(|dir| dir.join("prompts").join(format!("{recording}.wav")));
                let from = from.unwrap_or_else(|| PathBuf::from(recording));
                tokio::fs::copy(&from, &half).await.map(|_| ()).map_err(at(&from))
            }
        };
        let made = match made {
            Ok(()) => tokio::fs::rename(&half, &path).await.map_err(at(&path)),
            Err(error) => Err(error),
        };
        if made.is_err() {
            // Whatever is left of it; it may never have been there.
            let _ = tokio::fs::remove_file(&half).await;
        }
        made.map(|()| name)
    }

    /// A recording that was replaced is copied again.
    async fn is_fresh(&self, centre: &CentreName, prompt: &Prompt, copy: &Path) -> bool {
        let PromptSound::Recording(name) = &prompt.sound else { return true };
        let Some(from) = self.recordings.get(centre).map(|dir| dir.join("prompts").join(format!("{name}.wav"))) else {
            return true;
        };
        let times = async { Ok::<_, std::io::Error>((modified(&from).await?, modified(copy).await?)) };
        times.await.map_or(true, |(original, copy)| copy >= original)
    }

    /// The speech program's words as 8 kHz, 16 bit, one channel: what every switch plays without converting.
    async fn speak(&self, language: Language, text: &str, to: &Path) -> Result<(), SpeechError> {
        // It is never closed.
        let _one_of_few = self.speaking.acquire().await;
        let program = self.speech.program.display().to_string();
        let text: String = text.chars().filter(|c| !c.is_control()).take(LONGEST_TEXT).collect();
        let mut spoken = Command::new(&self.speech.program);
        spoken.args(["-v", self.voice(language), "-s", &self.speech.rate.to_string(), "--stdout", "--"]).arg(&text);
        let wave = run(spoken, None, &program).await?;
        let mut convert = Command::new("sox");
        convert.args(["-q", "--ignore-length", "-t", "wav", "-", "-r", "8000", "-c", "1", "-b", "16"]).arg(to);
        // The same loudness for every text and voice, with a margin so that resampling never clips.
        convert.args(["norm", "-3"]);
        run(convert, Some(wave), "sox").await.map(drop)
    }
}

async fn modified(path: &Path) -> Result<std::time::SystemTime, std::io::Error> {
    tokio::fs::metadata(path).await?.modified()
}

/// A program without a shell, with a time limit; killed when it is over. Gives what it printed.
async fn run(mut command: Command, input: Option<Vec<u8>>, program: &str) -> Result<Vec<u8>, SpeechError> {
    let no_program = |why| SpeechError::NoProgram { program: program.to_owned(), why };
    command.kill_on_drop(true).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
    let mut child = command.spawn().map_err(no_program)?;
    let feed = child.stdin.take().zip(input);
    let fed = async {
        if let Some((mut stdin, input)) = feed {
            // A program that does not read to the end says why in its own words.
            let _ = tokio::io::AsyncWriteExt::write_all(&mut stdin, &input).await;
        }
    };
    let both = async { tokio::join!(fed, child.wait_with_output()).1 };
    let output = match tokio::time::timeout(SPEAK_WITHIN, both).await {
        Ok(output) => output.map_err(no_program)?,
        Err(_) => return Err(SpeechError::TooSlow { program: program.to_owned() }),
    };
    if output.status.success() {
        return Ok(output.stdout);
    }
    let why = String::from_utf8_lossy(&output.stderr).chars().take(300).collect();
    Err(SpeechError::Failed { program: program.to_owned(), why })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// Where the speech program cannot be had at once, a caller waits; nobody's machine is full of them.
    #[tokio::test(flavor = "multi_thread")]
    async fn few_programs_speak_at_a_time() {
        let place = tempfile::tempdir().expect("a directory");
        let (program, log) = (place.path().join("speak"), place.path().join("log"));
        // It says when it begins and ends, and fails: what it would have said does not matter here.
        let text = format!("#!/bin/sh\necho begin >>{0}\nsleep 0.1\necho end >>{0}\nexit 1\n", log.display());
        std::fs::write(&program, text).expect("a program");
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("one that runs");
        let speech = Speech { program, ..Speech::default() };
        let speaker = Speaker::new(speech, BTreeMap::new());
        let all = (0..3 * MOST_SPEAKING).map(|number| {
            let (speaker, place) = (speaker.clone(), place.path().to_owned());
            let prompt = Prompt { language: Language::En, sound: PromptSound::Say(format!("number {number}")) };
            tokio::spawn(async move { speaker.make(&CentreName::new("demo"), &prompt, &place).await.is_err() })
        });
        for failed in all.collect::<Vec<_>>() {
            assert!(failed.await.expect("a task"));
        }
        let (mut speaking, mut most) = (0_usize, 0);
        for line in std::fs::read_to_string(log).expect("a log").lines() {
            if line == "begin" {
                speaking += 1
            } else {
                speaking -= 1
            }
            most = most.max(speaking);
        }
        assert_eq!(most, MOST_SPEAKING);
    }
}
