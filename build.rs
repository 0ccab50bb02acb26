//! What the pages bring to a browser, put together for embedding: scripts from npm as package-lock.json pins them, and
//! our own stylesheet and script, each of several files and served as one.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

/// From the package, in the order a page loads them.
const FROM_NPM: [(&str, &str); 1] = [("htmx.js", "node_modules/htmx.org/dist/htmx.min.js")];

/// Says what is wrong in one line, as the last that cargo prints.
fn stop(why: &str) -> ! {
    println!("cargo::error={why}");
    std::process::exit(1)
}

fn main() {
    for watched in ["templates", "package.json", "package-lock.json", ".npmrc", "node_modules/.package-lock.json"] {
        println!("cargo::rerun-if-changed={watched}");
    }
    let out = env::var("OUT_DIR").unwrap_or_else(|_| stop("cargo sets no OUT_DIR"));
    let out = Path::new(&out);
    packages();
    for (name, from) in FROM_NPM {
        put(&out.join(name), &read(Path::new(from)));
    }
    put(&out.join("cordboard.css"), &joined("templates/css", "css"));
    put(&out.join("cordboard.js"), &joined("templates/scripts", "js"));
}

/// `npm ci`, where what is installed is not what the lock file says.
fn packages() {
    let locked = read(Path::new("package-lock.json"));
    let stamp = Path::new("node_modules/.installed");
    if fs::read(stamp).is_ok_and(|installed| installed == locked) {
        return;
    }
    let installed = Command::new("npm").args(["ci", "--ignore-scripts"]).output();
    match installed {
        Ok(output) if output.status.success() => put(stamp, &locked),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            stop(&format!("`npm ci` failed: {}", said.lines().last().unwrap_or("it says nothing")))
        }
        Err(error) => stop(&format!("the pages need npm (Debian: apt-get install npm): {error}")),
    }
}

/// All files of a directory, one after the other, by name.
fn joined(directory: &str, ending: &str) -> Vec<u8> {
    let listed = fs::read_dir(directory).unwrap_or_else(|error| stop(&format!("{directory}: {error}")));
    let mut paths: Vec<_> = listed.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|found| found == ending));
    paths.sort();
    paths.iter().flat_map(|path| read(path)).collect()
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| stop(&format!("{}: {error}", path.display())))
}

fn put(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap_or_else(|error| stop(&format!("{}: {error}", path.display())));
}
