//! What an admin writes of emergency messages.

use cordboard::dialplan::{Language, Sound, Then, all_prompts};
use cordboard::routing::ids::{MessageName, PhoneNumber, StepName};

use super::centre;

const PLAN: &str = r#"
language: 1
zone: Asia/Shanghai
languages: [en, zh]
name: { en: Test, zh: 测试 }
numbers: ["4008001234", "4008001235"]
start: agent
queues: { service: }
emergency:
  flood:
    say: { en: "Our cellar is full of water.", zh: "地下室进水了。" }
    then: carry_on
    numbers: ["400-800-1234"]
  power_cut: { play: fanfare, then: hang_up }
  strike: { play: fanfare, then: { go: sorry } }
steps:
  agent: [ queue: service ]
  sorry: [ say: { en: "Sorry.", zh: "抱歉。" }, hang_up: ]
"#;

#[test]
fn messages_are_written_with_what_comes_after_them_and_for_which_numbers() {
    let plan = centre(PLAN).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let of = |name: &str| plan.emergency.get(&MessageName::new(name)).expect("a message");
    assert_eq!(of("flood").then, Then::CarryOn);
    assert!(
        of("flood").is_for(&PhoneNumber::new("4008001234")) && !of("flood").is_for(&PhoneNumber::new("4008001235"))
    );
    assert_eq!(of("power_cut").then, Then::HangUp);
    assert!(of("power_cut").is_for(&PhoneNumber::new("1")), "for all of them");
    assert_eq!(of("strike").then, Then::Go(StepName::new("sorry")), "which only the message leads to");
    let made = all_prompts(&plan);
    let flood = |prompt: &&cordboard::dialplan::Prompt| prompt.sound == Sound::Say("地下室进水了。".into());
    assert_eq!(made.iter().find(flood).map(|prompt| prompt.language), Some(Language::Zh), "{made:#?}");
}
