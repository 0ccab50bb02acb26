//! Recorded transcripts in, inputs out: what the core is told of each flow, when.
//!
//! In a transcript `<` begins an event of the switch and `>` is what was sent to it; the seconds are those of the
//! recording.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use cordboard::calendar::Moment;
use cordboard::routing::ids::*;
use cordboard::routing::tag::{Place, Tags};
use cordboard::routing::{Failure, Input};
use cordboard::switch::asterisk::ami::Frame;
use cordboard::switch::asterisk::{Contexts, Heard, Left, Legs};

/// How often the driver looks for hang-ups that were lost, in milliseconds.
const LOOKS_EVERY: i64 = 20;

fn tags() -> Tags {
    let (epoch, number) = (Epoch(1), 1);
    let place = Place::Offered { offer: OfferId { epoch, number }, agent: AgentName::new("li.na") };
    Tags { centre: CentreName::new("demo"), call: CallId { epoch, number }, epoch, place }
}

fn told(out: &mut String, at: &str, input: &Input) {
    // The switch's name is the same everywhere, and says nothing.
    let text = format!("{input:?}").replace("switch: \"asterisk\", ", "");
    writeln!(out, "{at} {text}").expect("text can be written");
}

/// Everything that follows from a transcript, a line each.
fn inputs(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/switch/asterisk/transcripts").join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let contexts = Contexts { entry: "inbound".into(), agent: "agent-leg".into() };
    let mut legs = Legs::new(SwitchName::new("asterisk"), contexts);
    let (mut out, mut looked) = (String::new(), 0);
    for part in text.split("\n\n") {
        let part = part.trim_start_matches('\n');
        let (first, rest) = part.split_once('\n').unwrap_or((part, ""));
        let words: Vec<&str> = first.split(' ').collect();
        if let [direction @ ("<" | ">"), at, ..] = words.as_slice() {
            let now = (at.parse::<f64>().expect("seconds") * 1_000.0) as i64;
            while looked + LOOKS_EVERY <= now {
                looked += LOOKS_EVERY;
                for leg in legs.lost_hang_ups(Moment::from_ms(looked)) {
                    writeln!(out, "{:.3} (to be hung up: {leg})", looked as f64 / 1_000.0).expect("text");
                }
                for heard in legs.never_begun(Moment::from_ms(looked)) {
                    if let Heard::Tell(input) = heard {
                        told(&mut out, &format!("{:.3}", looked as f64 / 1_000.0), &input);
                    }
                }
            }
            match (*direction, words.get(2..)) {
                (">", Some(["ring", leg])) => legs.rung(&LegId::new(leg), tags()),
                (">", Some(["hang", "up", channel])) => {
                    let leg = legs.iter().find(|(id, leg)| id.as_str() == *channel || leg.name == *channel);
                    if let Some(leg) = leg.map(|(id, _)| id.clone()) {
                        legs.get_mut(&leg).expect("it was there").hang_up = Some(16);
                    }
                }
                ("<", _) => {
                    for heard in legs.hear(Moment::from_ms(now), &Frame::from_lines(rest.replace('\n', "\r\n"))) {
                        match heard {
                            Heard::Tell(input) => told(&mut out, at, &input),
                            Heard::HangUpNow { leg } => writeln!(out, "{at} (hang up now: {leg})").expect("text"),
                            Heard::CommandEnded { .. } | Heard::InHand { .. } => {}
                            Heard::AgiLeft { leg: _, why: Left::Joined | Left::Ended | Left::HungUp } => {}
                        }
                    }
                }
                _ => {}
            }
        } else if let Some(note) = first.strip_prefix("# ----") {
            writeln!(out, "--{note}").expect("text");
        }
    }
    // Nothing is kept of who is gone, in whatever order the ends came.
    let left: BTreeSet<&str> = legs.iter().map(|(id, _)| id.as_str()).collect();
    writeln!(out, "left: {left:?}").expect("text");
    out
}

#[test]
fn two_who_talk_are_joined_and_each_who_stays_is_parted() {
    insta::assert_snapshot!(inputs("talk.txt"));
}

#[test]
fn each_way_in_which_a_phone_does_not_come_has_its_reason_and_one_end() {
    insta::assert_snapshot!(inputs("ring_fails.txt"));
}

#[test]
fn a_caller_who_leaves_is_told_once_wherever_they_were() {
    insta::assert_snapshot!(inputs("abandons.txt"));
}

#[test]
fn a_hang_up_lost_under_bridge_is_found_and_the_other_side_is_parted() {
    insta::assert_snapshot!(inputs("lost_hang_up.txt"));
}

/// What follows from events in this order, at one moment.
fn heard(legs: &mut Legs, now: i64, events: &[&str]) -> Vec<Input> {
    let frames = events.iter().map(|lines| Frame::from_lines(lines.replace('\n', "\r\n")));
    let heard = frames.flat_map(|frame| legs.hear(Moment::from_ms(now), &frame)).collect();
    inputs_of(heard)
}

fn inputs_of(heard: Vec<Heard>) -> Vec<Input> {
    let tell = |heard| if let Heard::Tell(input) = heard { Some(input) } else { None };
    heard.into_iter().filter_map(tell).collect()
}

#[test]
fn an_answer_to_a_ring_that_overtakes_its_channel_does_not_hide_why_the_phone_did_not_come() {
    const FAILED: &str =
        "Event: OriginateResponse\nResponse: Failure\nChannel: PJSIP/a1001\nReason: 0\nUniqueid: leg-1";
    const BEGAN: &str = "Event: Newchannel\nChannel: PJSIP/a1001-00000001\nUniqueid: leg-1\nContext: agent-leg";
    const BUSY: &str =
        "Event: Hangup\nChannel: PJSIP/a1001-00000001\nUniqueid: leg-1\nCause: 17\nTechCause: 486\nContext: agent-leg";
    let contexts = Contexts { entry: "inbound".into(), agent: "agent-leg".into() };
    let leg = LegId::new("leg-1");
    let ring = || {
        let mut legs = Legs::new(SwitchName::new("asterisk"), contexts.clone());
        legs.rung(&leg, tags());
        legs
    };
    let failed = |why| vec![Input::LegFailed { leg: leg.clone(), why }];

    let mut overtaken = ring();
    assert_eq!(heard(&mut overtaken, 0, &[FAILED]), []);
    assert_eq!(heard(&mut overtaken, 200, &[BEGAN, BUSY]), failed(Failure::Busy));
    assert_eq!(inputs_of(overtaken.never_begun(Moment::from_ms(1_000))), [], "one end of each");

    let mut nowhere = ring();
    assert_eq!(heard(&mut nowhere, 0, &[FAILED]), []);
    let due = nowhere.mend_at().expect("it is looked at again");
    assert_eq!(inputs_of(nowhere.never_begun(due)), failed(Failure::Unreachable));
    assert!(nowhere.is_empty() && nowhere.mend_at().is_none());
}
