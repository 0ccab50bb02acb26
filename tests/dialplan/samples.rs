//! Every centre in `dialplans/` loads.

use std::path::Path;

use cordboard::dialplan::{Centre, all_prompts, claimed_twice, load_centre};
use cordboard::routing::ids::CentreName;

/// A sample centre, or every mistake in it.
pub fn sample(name: &str) -> Centre {
    let directory = Path::new("dialplans").join(name);
    load_centre(&CentreName::new(name), &directory).unwrap_or_else(|error| panic!("\n{error}\n"))
}

#[test]
fn every_sample_centre_loads_and_no_number_is_claimed_twice() {
    let mut centres = Vec::new();
    for entry in std::fs::read_dir("dialplans").unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        centres.push(sample(&name));
    }
    assert!(centres.len() >= 2);
    if let Err(mistakes) = claimed_twice(&centres.iter().collect::<Vec<_>>()) {
        panic!("\n{mistakes}\n");
    }
}

#[test]
fn prompts_that_are_the_same_for_everybody_are_known_beforehand() {
    let prompts = all_prompts(&sample("hotline"));
    // Six texts in two languages; the one with the account number in it is made when it is needed.
    assert_eq!(prompts.len(), 10);
}
