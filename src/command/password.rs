//! A password from the keyboard, unseen, or from stdin. Never from an argument, which `ps` shows to everybody.

use std::io::{BufRead, IsTerminal, Read, Write, stderr, stdin};
use std::os::fd::AsRawFd;

use cordboard::store::given::{self, LONGEST_PASSWORD};

/// Asked for (twice, where `twice`) on a terminal; else the first line of stdin.
///
/// # Errors
/// In words.
pub fn read(twice: bool) -> Result<String, String> {
    if !stdin().is_terminal() {
        return good(line()?);
    }
    let password = good(asked("Password: ")?)?;
    if twice && asked("Once more: ")? != password {
        return Err("the two are not the same; nothing was changed".into());
    }
    Ok(password)
}

fn line() -> Result<String, String> {
    let mut bytes = Vec::new();
    let mut limited = stdin().lock().take(LONGEST_PASSWORD as u64 + 2);
    limited.read_until(b'\n', &mut bytes).map_err(|error| format!("no password: {error}"))?;
    let text = String::from_utf8(bytes).map_err(|_| "a password is UTF-8".to_owned())?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    Ok(text.strip_suffix('\r').unwrap_or(text).to_owned())
}

fn good(password: String) -> Result<String, String> {
    given::password(&password).map_err(|error| error.to_string())?;
    Ok(password)
}

fn asked(prompt: &str) -> Result<String, String> {
    let quiet = Quiet::begin().map_err(|error| format!("the terminal cannot be made quiet: {error}"))?;
    eprint!("{prompt}");
    // Where the prompt cannot be shown, what is typed is read all the same.
    let _ = stderr().flush();
    let line = line();
    drop(quiet);
    eprintln!();
    line
}

/// The terminal without echo, as long as it lives. Signals from the keyboard wait too, so that Ctrl-C does not leave
/// a terminal in which nothing can be seen.
struct Quiet {
    before: libc::termios,
}

impl Quiet {
    fn begin() -> std::io::Result<Self> {
        let fd = stdin().as_raw_fd();
        let mut before = std::mem::MaybeUninit::<libc::termios>::uninit();
        // SAFETY: the descriptor is open as long as the process, and the structure is of the right size.
        if unsafe { libc::tcgetattr(fd, before.as_mut_ptr()) } != 0 {
            return Err(std::io::Error::last_os_error());
        }
        // SAFETY: filled by the call above, which succeeded.
        let before = unsafe { before.assume_init() };
        let mut quiet = before;
        quiet.c_lflag &= !(libc::ECHO | libc::ISIG);
        // SAFETY: as above; it is only read.
        if unsafe { libc::tcsetattr(fd, libc::TCSAFLUSH, &raw const quiet) } != 0 {
            return Err(std::io::Error::last_os_error());
        }
        Ok(Self { before })
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // SAFETY: as in `begin`.
        unsafe { libc::tcsetattr(stdin().as_raw_fd(), libc::TCSANOW, &raw const self.before) };
    }
}
