//! Every centre in `dialplans/` loads.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use cordboard::calendar::Moment;
use cordboard::cases::CaseTypeName;
use cordboard::dialplan::{Centre, CentreFiles, Language, LoadError, all_prompts, claimed_twice, load_centre};
use cordboard::organisation::DepartmentName;
use cordboard::routing::dial_out::DialOut;
use cordboard::routing::ids::{AgentName, CentreName, QueueName};

/// A sample centre, or every mistake in it.
pub fn sample(name: &str) -> Centre {
    let directory = Path::new("dialplans").join(name);
    load_centre(&CentreName::new(name), &directory).unwrap_or_else(|error| panic!("\n{error}\n"))
}

#[test]
fn every_sample_centre_loads_and_no_number_is_claimed_twice() {
    let mut centres = Vec::new();
    for entry in fs::read_dir("dialplans").unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        centres.push(sample(&name));
    }
    assert!(centres.len() >= 2);
    if let Err(mistakes) = claimed_twice(&centres.iter().collect::<Vec<_>>()) {
        panic!("\n{mistakes}\n");
    }
}

#[test]
fn departments_types_of_case_and_dispositions_are_read_in_their_order() {
    let hotline = sample("hotline");
    let finance = hotline.organisation.department(&DepartmentName::new("finance")).expect("is there");
    assert_eq!(finance.titles[&Language::Zh], "财务部");
    assert_eq!(finance.members(), [&AgentName::new("deng_kai"), &AgentName::new("sun_yu")]);
    let above = hotline.organisation.superior_of(&finance.name).map(|above| above.name.as_str());
    assert_eq!(above, Some("board"));
    let refund = &hotline.case_types[&CaseTypeName::new("refund")];
    assert_eq!(refund.deadline, refund.escalate_after);
    // Sixteen hours of an office open for twelve a day, from a Friday afternoon before a Saturday of four.
    let friday = "2026-11-20T18:00:00+08:00[Asia/Shanghai]".parse::<jiff::Zoned>().expect("a moment").timestamp();
    let monday = "2026-11-23T18:00:00+08:00[Asia/Shanghai]".parse::<jiff::Zoned>().expect("a moment").timestamp();
    let due = refund.after(Moment::from_ms(friday.as_millisecond()), refund.deadline);
    assert_eq!(due, Moment::from_ms(monday.as_millisecond()));
    let names = |queue: &str| {
        let all = hotline.dispositions.of_queue(&QueueName::new(queue));
        all.into_iter().map(|disposition| disposition.name.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(names("service"), ["solved", "case_opened", "call_back", "wrong_number"]);
    assert_eq!(names("second_line").len(), 6);
    assert!(sample("minimal").case_rules().organisation.departments().is_empty());
}

#[test]
fn prompts_that_are_the_same_for_everybody_are_known_beforehand() {
    let prompts = all_prompts(&sample("hotline"));
    // Six texts in two languages, and what is asked at telephones outside; the one with the account number in it is made
    // when it is needed.
    assert_eq!(prompts.len(), 11);
}

#[test]
fn a_directory_is_read_with_its_recordings_and_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let put = |path: &str, text: &str| {
        let path = directory.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    put("main.yaml", "language: 1");
    put(".main.yaml.swp.yaml", "left by an editor");
    put("notes.txt", "not ours");
    put("prompts/fanfare.wav", "");
    put("prompts/zh/hours.wav", "");
    put("prompts/read_me.txt", "");
    let files = CentreFiles::read(directory.path()).unwrap();
    assert_eq!(files.yaml.len(), 1);
    assert_eq!(files.recordings, Some(BTreeSet::from(["fanfare".to_owned(), "zh/hours".to_owned()])));
}

#[test]
fn a_directory_that_is_not_there_says_which_one() {
    let error = load_centre(&CentreName::new("gone"), Path::new("/nowhere/gone")).unwrap_err();
    assert!(matches!(error, LoadError::Unreadable { .. }));
    assert!(error.to_string().starts_with("/nowhere/gone: "));
}

#[test]
fn where_agents_may_dial_to_is_read_and_nothing_that_is_not_written_may_be_dialled() {
    let hotline = sample("hotline");
    let out = hotline.dial_out.as_ref().expect("the hotline dials out");
    assert_eq!(
        (out.switch.as_str(), out.to.as_str(), out.shown.as_str()),
        ("pbx", "PJSIP/{number}@trunk", "4008001234")
    );
    let allows = |text: &str| out.allows(&text.parse().expect("a number"), hotline.country);
    assert!(allows("13800138000") && allows("+86 138 0013 8000") && allows("010-88880000"));
    assert!(!allows("+44 20 7946 0000") && !allows("0044207946000") && !allows("16812345"));
    assert_eq!(out.wrap_up, Some(Duration::from_secs(15)));
    assert_eq!(out.longest, DialOut::LONGEST);
    assert_eq!((out.most_per_minute, out.most_per_hour), (DialOut::MOST_PER_MINUTE, 200));
    assert!(sample("minimal").dial_out.is_none());
}
