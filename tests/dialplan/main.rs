//! The dialplan from outside: what its files say, and what a caller hears of it.

mod broken;
mod emergency;
mod hostile;
mod queues;
mod samples;
mod walks;

use cordboard::dialplan::{Centre, CentreFiles, Mistakes, read_centre};
use cordboard::routing::ids::CentreName;

/// A centre of one file.
fn centre(yaml: &str) -> Result<Centre, Mistakes> {
    files(&[("main.yaml", yaml)])
}

/// A centre of several files.
fn files(yaml: &[(&str, &str)]) -> Result<Centre, Mistakes> {
    let yaml = yaml.iter().map(|(path, text)| (path.to_string(), text.as_bytes().to_vec())).collect();
    read_centre(&CentreName::new("test"), &CentreFiles { yaml, recordings: None })
}
