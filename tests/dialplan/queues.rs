//! What an admin writes of queues: what is told, when it closes, where callers go then.

use std::collections::BTreeMap;
use std::time::Duration;

use cordboard::calendar::Moment;
use cordboard::dialplan::{
    Action, Due, Figure, Figures, Language, Piece, Prompt, Sound, Spoken, ToQueue, When, all_prompts,
};
use cordboard::routing::Strategy;
use cordboard::routing::ids::{BreakReason, QueueName, StepName};

use super::centre;

const PLAN: &str = r#"
language: 1
zone: Asia/Shanghai
languages: [en, zh]
name: { en: Test, zh: 测试 }
numbers: ["100"]
start: agent
hours: { office: { week: mon-fri 09:00-17:00 } }
queues: { service: { hours: office, music: jazz }, second: }
steps:
  agent:
    - queue:
        name: service
        waiting:
          - every: { time: 45s, do: [ say: { en: "You are number {position}.", zh: "您排在第{position}位。" }, say: { en: "It takes {wait}.", zh: "{wait}。" } ] }
          - once: { time: 1m, do: [ play: fanfare ] }
        otherwise: { 5m: city, full: sorry, nobody_logged_in: sorry, closed: sorry }
  city:
    - queue: { name: second, keep_wait: true, otherwise: { 5m: agent } }
  sorry:
    - say: { en: "Sorry.", zh: "抱歉。" }
    - hang_up
"#;

fn to_queue(step: &str) -> ToQueue {
    let plan = centre(PLAN).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    match plan.steps.get(&StepName::new(step)).and_then(|step| step.actions.first()) {
        Some(Action::Queue(to)) => to.clone(),
        other => panic!("{other:?}"),
    }
}

fn text(prompt: Option<Prompt>) -> Option<String> {
    prompt.map(|prompt| match prompt.sound {
        Sound::Say(text) => text,
        Sound::Recording(name) => name,
        Sound::Tone => "tone".into(),
    })
}

#[test]
fn a_queue_is_written_with_announcements_hours_and_ways_out() {
    let to = to_queue("agent");
    let dues: Vec<Due> = to.waiting.iter().map(|rule| rule.due).collect();
    assert_eq!(dues, [Due::Every(Duration::from_secs(45)), Due::Once(Duration::from_secs(60))]);
    let whens: Vec<When> = to.entry.otherwise.iter().map(|(when, _)| *when).collect();
    let waited = When::Waited(Duration::from_secs(300));
    assert_eq!(whens, [waited, When::Full, When::NobodyLoggedIn, When::Closed]);
    assert!(!to.entry.keep_wait && to_queue("city").entry.keep_wait);
    let plan = centre(PLAN).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    assert_eq!(plan.queues[&QueueName::new("service")].hours.as_deref(), Some("office"));
    // What is the same for everybody is made before anybody waits.
    assert!(all_prompts(&plan).iter().any(|prompt| prompt.sound == Sound::Recording("fanfare".into())));
}

#[test]
fn a_figure_is_read_as_a_number_and_an_unknown_one_leaves_its_text_out() {
    let says = to_queue("agent").waiting[0].says.clone();
    let told = |wait: Option<u64>, language| -> Vec<Option<String>> {
        let figures = Figures { position: 12, wait: wait.map(Duration::from_secs) };
        says.iter().map(|said| text(said.told(language, &BTreeMap::new(), &figures))).collect()
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(told(Some(200), Language::En), [some("You are number 12."), some("It takes about 4 minutes.")]);
    assert_eq!(told(Some(200), Language::Zh), [some("您排在第12位。"), some("大约4分钟。")]);
    assert_eq!(told(None, Language::Zh), [some("您排在第12位。"), None]);
}

#[test]
fn a_figure_is_no_variable_and_stands_in_texts_of_waiting_only() {
    let Spoken::Say(texts) = &to_queue("agent").waiting[0].says[0] else { panic!() };
    assert!(texts[&Language::En].0.contains(&Piece::Figure(Figure::Position)));
    let wrong = PLAN.replace("\"Sorry.\"", "\"Sorry, number {position}.\"");
    let mistakes = centre(&wrong).expect_err("a mistake").to_string();
    assert!(mistakes.contains("{position} is known of callers who wait"), "{mistakes}");
}

#[test]
fn what_is_due_again_and_again_is_due_at_whole_periods_from_the_joining() {
    let joined = Moment::from_ms(1_000);
    let every = Due::Every(Duration::from_secs(10));
    assert_eq!(every.next(joined, joined), Some(Moment::from_ms(11_000)));
    assert_eq!(every.next(joined, Moment::from_ms(11_000)), Some(Moment::from_ms(21_000)));
    assert_eq!(every.next(joined, Moment::from_ms(25_999)), Some(Moment::from_ms(31_000)));
    let once = Due::Once(Duration::from_secs(10));
    assert_eq!(
        (once.next(joined, joined), once.next(joined, Moment::from_ms(11_000))),
        (Some(Moment::from_ms(11_000)), None)
    );
}

#[test]
fn a_queue_says_what_becomes_of_phones_that_do_not_answer() {
    let plan = centre(
        r#"
language: 1
zone: UTC
languages: [en]
name: Test
numbers: ["100"]
start: main
break_reasons: [lunch, { name: tea, allowed: 15m, title: "Tea & cake" }]
dispositions: { sold: { en: Sold } }
hours: { office: { week: mon-fri 09:00-17:00 } }
steps:
  main: [ hours: { name: office, closed: other }, queue: service ]
  other: [ queue: plain ]
queues:
  service:
    rest_after_missed: until_ready
    rest_after_busy: 5s
    rest_after_unreachable: 2m
    most_missed: 3
    auto_answer: true
    disposition: required
  plain: { rest_after_missed: 20s }
"#,
    )
    .unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let rules = |name| plan.queues.get(&QueueName::new(name)).expect("a queue");
    let service = rules("service");
    assert_eq!(service.rest_after_missed, None);
    assert_eq!(service.rest_after_busy, Some(Duration::from_secs(5)));
    assert_eq!(service.rest_after_unreachable, Some(Duration::from_secs(120)));
    assert_eq!((service.most_missed, service.auto_answer, service.needs_disposition), (Some(3), true, true));
    let plain = rules("plain");
    let rests = (plain.rest_after_missed, plain.rest_after_busy, plain.rest_after_unreachable);
    let twenty = Some(Duration::from_secs(20));
    assert_eq!(rests, (twenty, twenty, twenty), "a phone that fails rests as one that is not picked up");
    assert_eq!((plain.most_missed, plain.auto_answer, plain.needs_disposition), (None, false, false));
    let titled = |reason| plan.break_title(&BreakReason::new(reason), Language::En);
    assert_eq!([titled("lunch"), titled("tea"), titled("gone")], ["lunch", "Tea & cake", "gone"]);
    let allowed: Vec<_> = plan.break_allowances.iter().map(|(reason, time)| (reason.as_str(), *time)).collect();
    assert_eq!(allowed, [("tea", Duration::from_secs(900))]);
}

#[test]
fn a_queue_may_ring_several_phones_at_once_or_all() {
    let strategy = |text: &str| {
        let plan = PLAN.replace("second:", &format!("second: {{ strategy: {text} }}"));
        let plan = centre(&plan).unwrap_or_else(|mistakes| panic!("{mistakes}"));
        plan.queues[&QueueName::new("second")].strategy.clone()
    };
    assert_eq!(strategy("{ ring_several: 3 }"), Strategy::RingSeveral(3));
    assert_eq!(strategy("{ ring_several: 10 }").most_rings(), 10);
    assert_eq!(strategy("ring_all").most_rings(), 30);
    assert_eq!(strategy("longest_idle").most_rings(), 1);
}
