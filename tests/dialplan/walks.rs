//! Calls through a dialplan, as sentences.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use cordboard::calendar::Moment;
use cordboard::dialplan::{
    Action, AgentWish, CallBack, Centre, Do, Ending, Heard, Key, Language, MOST_KEYS_AHEAD, QueueEntry, Sound, Step,
    Walk, When,
};
use cordboard::routing::ids::{PhoneNumber, QueueName, StepName};
use proptest::prelude::*;

use super::centre;

const PLAN: &str = r#"
language: 1
zone: Asia/Shanghai
languages: [en, zh]
name: { en: Test, zh: 测试 }
numbers: ["100"]
start: welcome
skills: [english, mandarin]
queues: { service: , second: { most_waiting: 5 } }
hours:
  office: { week: mon-fri 09:00-17:00 }
steps:
  welcome:
    - say: { en: welcome, zh: 欢迎 }
    - go: main
  main:
    - menu:
        say: { en: menu, zh: 菜单 }
        keys: { 1: account, 2: chinese, 3: office, star: main, 0: agent }
        timeout: 5s
        tries: 3
        otherwise: agent
  chinese:
    - set: { language: zh }
    - go: main
  account:
    - ask:
        say: { en: account, zh: 编号 }
        digits: 3-4
        ends: hash
        into: account
        timeout: 4s
        tries: 2
        otherwise: agent
    - say: { en: "yours is {account}", zh: "{account} 是您的" }
    - go: agent
  office:
    - hours: { name: office, closed: night }
    - play: fanfare
    - go: agent
  night:
    - say: { en: closed, zh: 关门 }
    - hang_up
  agent:
    - queue:
        name: service
        needs: [ { skill: english, level: 2, language: en }, { skill: mandarin, language: zh } ]
        credit: 30s
        otherwise: { 5m: night, full: busy }
  busy:
    - say: { en: busy, zh: 忙 }
    - queue: second
"#;

/// Monday, 10:00 in Shanghai.
const MONDAY: Moment = Moment::from_ms(1_772_416_800_000);

/// A caller, and all that the walk said to do, in short.
struct Caller {
    walk: Walk,
    now: Moment,
    said: Vec<Do>,
}

fn plan() -> Arc<Centre> {
    Arc::new(centre(PLAN).unwrap_or_else(|mistakes| panic!("\n{mistakes}\n")))
}

fn calling_at(now: Moment) -> Caller {
    let (walk, said) = Walk::begin(plan(), &PhoneNumber::new("100"), now).unwrap();
    Caller { walk, now, said }
}

fn calling() -> Caller {
    calling_at(MONDAY)
}

impl Caller {
    fn heard(&mut self, heard: Heard) -> &mut Self {
        self.said = self.walk.next(self.now, heard);
        self
    }
    fn played(&mut self) -> &mut Self {
        self.heard(Heard::PlayEnded)
    }
    fn silent(&mut self) -> &mut Self {
        self.heard(Heard::TimeUp)
    }
    /// The keys one after the other; what was said to any of them.
    fn keys(&mut self, keys: &str) -> &mut Self {
        let mut all = Vec::new();
        for key in keys.chars() {
            all.extend(self.walk.next(self.now, Heard::Key(Key::try_from(key).unwrap())));
        }
        self.said = all;
        self
    }
    /// What was said to do last, one word or two for each.
    fn does(&self) -> String {
        let word = |order: &Do| match order {
            Do::Entered(step) => format!("[{step}]"),
            Do::Keyed { into: None, keys, .. } => format!("keyed {keys}"),
            Do::Keyed { into: Some(into), keys, .. } => format!("{into}={keys}"),
            Do::Play(prompts) => {
                let sounds = prompts.iter().map(|prompt| match &prompt.sound {
                    Sound::Say(text) => text.clone(),
                    Sound::Recording(name) => format!("{name}.wav"),
                    Sound::Tone => "tone".into(),
                });
                format!("play \"{}\"", sounds.collect::<Vec<_>>().join(" + "))
            }
            Do::Agent(wish) => format!("agent {wish:?}"),
            Do::StopPlay => "stop".into(),
            Do::Wait(time) => format!("wait {}s", time.as_secs()),
            Do::StopWait => "stop waiting".into(),
            Do::Queue(entry) => format!("queue {}", entry.queue),
            Do::CallBack(wanted) => format!("call back by {}", wanted.queue),
            Do::CallBackAt { wanted, number } => format!("call back on {number} by {}", wanted.queue),
            Do::Transfer(transfer) => format!("transfer {}", transfer.number),
            Do::HangUp(ending) => format!("hang up {ending:?}"),
        };
        self.said.iter().map(word).collect::<Vec<_>>().join(", ")
    }
}

#[test]
fn a_number_of_somebody_else_begins_nothing() {
    assert!(Walk::begin(plan(), &PhoneNumber::new("999"), MONDAY).is_none());
}

#[test]
fn a_number_is_known_however_it_is_written() {
    assert!(Walk::begin(plan(), &PhoneNumber::new("1 (0)-0"), MONDAY).is_some());
}

#[test]
fn a_caller_is_welcomed_and_chooses() {
    let mut caller = calling();
    assert_eq!(caller.does(), "[welcome], play \"welcome\"");
    assert_eq!(caller.played().does(), "[main], play \"menu\"");
    assert_eq!(caller.played().does(), "wait 5s");
    assert_eq!(caller.keys("0").does(), "stop waiting, keyed 0, [agent], queue service");
    assert_eq!(caller.walk.step(), &StepName::new("agent"));
}

#[test]
fn a_prompt_that_could_not_be_played_does_not_strand_the_caller() {
    let mut caller = calling();
    assert_eq!(caller.heard(Heard::PlayFailed).does(), "[main], play \"menu\"");
    assert_eq!(caller.heard(Heard::PlayFailed).does(), "wait 5s");
}

#[test]
fn a_key_cuts_the_menu_short() {
    let mut caller = calling();
    caller.played();
    assert_eq!(caller.keys("0").does(), "stop, keyed 0, [agent], queue service");
}

#[test]
fn a_caller_who_says_nothing_three_times_gets_an_agent() {
    let mut caller = calling();
    caller.played();
    for _ in 0..2 {
        assert_eq!(caller.played().does(), "wait 5s");
        assert_eq!(caller.silent().does(), "play \"menu\"");
    }
    caller.played();
    assert_eq!(caller.silent().does(), "[agent], queue service");
}

#[test]
fn a_caller_who_keys_nonsense_three_times_gets_an_agent() {
    let mut caller = calling();
    caller.played();
    assert_eq!(caller.keys("7").does(), "stop, keyed 7, play \"menu\"");
    assert_eq!(caller.keys("#").does(), "stop, keyed #, play \"menu\"");
    assert_eq!(caller.keys("8").does(), "stop, keyed 8, [agent], queue service");
}

#[test]
fn choosing_the_menu_again_begins_its_tries_anew() {
    let mut caller = calling();
    caller.played();
    caller.keys("7").keys("7");
    assert_eq!(caller.keys("*").does(), "stop, keyed *, [main], play \"menu\"");
    assert_eq!(caller.keys("7").does(), "stop, keyed 7, play \"menu\"");
}

#[test]
fn keys_typed_ahead_are_honoured_across_steps() {
    let mut caller = calling();
    assert_eq!(caller.keys("11234").does(), "");
    assert_eq!(caller.played().does(), "[main], keyed 1, [account], account=1234, play \"yours is 1 2 3 4\"");
    assert_eq!(caller.played().does(), "[agent], queue service");
}

#[test]
fn half_an_answer_typed_ahead_waits_for_the_rest() {
    let mut caller = calling();
    caller.keys("112");
    assert_eq!(caller.played().does(), "[main], keyed 1, [account], wait 4s");
    assert_eq!(caller.keys("3").does(), "wait 4s");
    assert_eq!(caller.silent().does(), "account=123, play \"yours is 1 2 3\"");
}

#[test]
fn nonsense_typed_ahead_is_not_taken_further() {
    let mut caller = calling();
    caller.keys("7000");
    assert_eq!(caller.played().does(), "[main], keyed 7, play \"menu\"");
}

#[test]
fn no_more_keys_are_kept_than_anybody_means() {
    let mut caller = calling();
    caller.keys(&"2".repeat(1_000));
    // Every 2 sets the language and comes back to the menu.
    let entered = caller.played().said.iter().filter(|order| matches!(order, Do::Entered(_))).count();
    assert_eq!(entered, 1 + 2 * MOST_KEYS_AHEAD);
}

#[test]
fn a_short_answer_ends_with_hash() {
    let mut caller = calling();
    caller.played();
    assert_eq!(caller.keys("1").does(), "stop, keyed 1, [account], play \"account\"");
    assert_eq!(caller.keys("1").does(), "stop, wait 4s");
    assert_eq!(caller.keys("2").does(), "wait 4s");
    assert_eq!(caller.keys("3").does(), "wait 4s");
    assert_eq!(caller.keys("#").does(), "stop waiting, account=123, play \"yours is 1 2 3\"");
}

#[test]
fn a_long_answer_is_complete_by_itself_and_a_hash_out_of_habit_means_nothing() {
    let mut caller = calling();
    caller.played();
    caller.keys("1");
    assert_eq!(
        caller.keys("1234").does(),
        "stop, wait 4s, wait 4s, wait 4s, stop waiting, account=1234, play \"yours is 1 2 3 4\""
    );
    assert_eq!(caller.keys("#").does(), "");
    assert_eq!(caller.played().does(), "[agent], queue service");
}

#[test]
fn an_answer_too_short_is_asked_for_again_and_at_last_given_up() {
    let mut caller = calling();
    caller.played();
    caller.keys("1");
    assert_eq!(caller.keys("12#").does(), "stop, wait 4s, wait 4s, stop waiting, keyed 12#, play \"account\"");
    assert_eq!(caller.played().does(), "wait 4s");
    assert_eq!(caller.silent().does(), "[agent], queue service");
    assert!(caller.walk.keyed().is_empty());
}

#[test]
fn a_star_inside_an_answer_is_nonsense() {
    let mut caller = calling();
    caller.played();
    caller.keys("1");
    assert_eq!(caller.keys("1*").does(), "stop, wait 4s, stop waiting, keyed 1*, play \"account\"");
}

#[test]
fn the_language_holds_from_there_on_and_chooses_the_skill() {
    let mut caller = calling();
    caller.played();
    assert_eq!(caller.keys("2").does(), "stop, keyed 2, [chinese], [main], play \"菜单\"");
    assert_eq!(caller.walk.language(), Language::Zh);
    let needs = |caller: &mut Caller| match caller.keys("0").said.pop() {
        Some(Do::Queue(QueueEntry { needs, .. })) => needs,
        other => panic!("{other:?}"),
    };
    let need = needs(&mut caller);
    assert_eq!((need.len(), need[0].skill.as_str(), need[0].level), (1, "mandarin", 1));
    let mut caller = calling();
    caller.played();
    let need = needs(&mut caller);
    assert_eq!((need.len(), need[0].skill.as_str(), need[0].level), (1, "english", 2));
}

#[test]
fn an_open_office_goes_on_and_a_closed_one_elsewhere() {
    let mut caller = calling();
    caller.played();
    assert_eq!(caller.keys("3").does(), "stop, keyed 3, [office], play \"fanfare.wav\"");
    let mut caller = calling_at(MONDAY + Duration::from_secs(8 * 3600));
    caller.played();
    assert_eq!(caller.keys("3").does(), "stop, keyed 3, [office], [night], play \"closed\"");
    assert_eq!(caller.played().does(), "hang up Said");
}

#[test]
fn the_queue_gets_all_that_the_step_says() {
    let mut caller = calling();
    caller.played();
    caller.keys("0");
    let Some(Do::Queue(entry)) = caller.said.last() else { panic!("{}", caller.does()) };
    assert_eq!(entry.queue, QueueName::new("service"));
    assert_eq!(entry.credit, Duration::from_secs(30));
    let mut otherwise = entry.otherwise.clone();
    otherwise.sort();
    assert_eq!(
        otherwise,
        [(When::Waited(Duration::from_secs(300)), StepName::new("night")), (When::Full, StepName::new("busy"))]
    );
}

#[test]
fn a_queue_that_says_otherwise_sends_the_caller_on() {
    let mut caller = calling();
    caller.played();
    caller.keys("0");
    // Whatever comes while the call is away means nothing to the walk.
    assert_eq!(caller.keys("123").does(), "");
    assert_eq!(caller.played().does(), "");
    assert_eq!(caller.silent().does(), "");
    caller.said = caller.walk.go(MONDAY, &StepName::new("busy"));
    assert_eq!(caller.does(), "[busy], play \"busy\"");
    assert_eq!(caller.played().does(), "queue second");
}

#[test]
fn sending_a_caller_on_stops_what_they_hear() {
    let mut caller = calling();
    caller.said = caller.walk.go(MONDAY, &StepName::new("night"));
    assert_eq!(caller.does(), "stop, [night], play \"closed\"");
    let mut caller = calling();
    caller.played().played();
    caller.said = caller.walk.go(MONDAY, &StepName::new("night"));
    assert_eq!(caller.does(), "stop waiting, [night], play \"closed\"");
}

#[test]
fn what_comes_too_late_is_ignored() {
    let mut caller = calling();
    assert_eq!(caller.silent().does(), "");
    caller.played().played();
    assert_eq!(caller.played().does(), "");
    caller.said = caller.walk.go(MONDAY, &StepName::new("night"));
    caller.played();
    for heard in [Heard::PlayEnded, Heard::PlayFailed, Heard::TimeUp, Heard::Key(Key::Star)] {
        assert_eq!(caller.heard(heard).does(), "");
    }
    assert!(caller.walk.go(MONDAY, &StepName::new("main")).is_empty());
}

#[test]
fn a_step_that_is_not_there_ends_the_call_and_says_why() {
    let mut caller = calling();
    caller.said = caller.walk.go(MONDAY, &StepName::new("gone"));
    assert_eq!(caller.does(), "stop, hang up Lost");
    let resumed = Walk::resume(plan(), &StepName::new("gone"), Language::En, BTreeMap::new(), MONDAY);
    assert!(resumed.is_none());
}

#[test]
fn a_call_is_picked_up_again_where_it_was_in_its_language() {
    let keyed = BTreeMap::from([("account".to_owned(), "4711".to_owned())]);
    let (walk, said) = Walk::resume(plan(), &StepName::new("main"), Language::Zh, keyed.clone(), MONDAY).unwrap();
    let caller = Caller { walk, now: MONDAY, said };
    assert_eq!(caller.does(), "[main], play \"菜单\"");
    assert_eq!(caller.walk.keyed(), &keyed);
}

#[test]
fn a_loop_that_a_check_would_have_refused_ends_the_call() {
    let mut plan = Arc::unwrap_or_clone(plan());
    let welcome = StepName::new("welcome");
    plan.steps.get_mut(&welcome).unwrap().actions = vec![cordboard::dialplan::Action::Go(welcome.clone())];
    let (_, said) = Walk::begin(Arc::new(plan), &PhoneNumber::new("100"), MONDAY).unwrap();
    assert_eq!(said.last(), Some(&Do::HangUp(Ending::TooManyActions)));
}

/// `500` is promised a call-back where it can be, and waits where it cannot.
fn owing() -> Arc<Centre> {
    owing_on(false)
}

fn owing_on(asks_number: bool) -> Arc<Centre> {
    let mut plan = Arc::unwrap_or_clone(plan());
    let (owed, waits) = (StepName::new("owed"), StepName::new("welcome"));
    let queue = QueueName::new("service");
    let actions = vec![Action::CallBack(CallBack { queue, asks_number, otherwise: waits }), Action::HangUp];
    plan.steps.insert(owed.clone(), Step { name: owed.clone(), actions });
    let mut claim = plan.numbers[&PhoneNumber::new("100")].clone();
    claim.start = owed;
    plan.numbers.insert(PhoneNumber::new("500"), claim);
    Arc::new(plan)
}

#[test]
fn a_step_that_promises_a_call_back_goes_on_by_what_comes_of_it() {
    for (promised, expected) in [(true, Do::HangUp(Ending::Said)), (false, Do::Entered(StepName::new("welcome")))] {
        let (mut walk, said) = Walk::begin(owing(), &PhoneNumber::new("500"), MONDAY).unwrap();
        assert!(matches!(said.last(), Some(Do::CallBack(wanted)) if wanted.queue.as_str() == "service"), "{said:?}");
        assert_eq!(walk.next(MONDAY, Heard::TimeUp), [], "nothing else is waited for");
        assert_eq!(walk.next(MONDAY, Heard::CallBack { promised }).first(), Some(&expected));
        let again = walk.next(MONDAY, Heard::CallBack { promised });
        assert_eq!(again, [], "told twice");
    }
}

/// What a caller of `500` hears and does who may choose the number.
fn choosing() -> (Walk, Vec<Do>) {
    Walk::begin(owing_on(true), &PhoneNumber::new("500"), MONDAY).unwrap()
}

fn presses(walk: &mut Walk, keys: &str) -> Vec<Do> {
    keys.chars().flat_map(|key| walk.next(MONDAY, Heard::Key(Key::try_from(key).unwrap()))).collect()
}

fn heard(orders: &[Do]) -> String {
    let prompts = orders.iter().filter_map(|order| match order {
        Do::Play(prompts) => Some(prompts),
        _ => None,
    });
    let texts = prompts.flatten().map(|prompt| match &prompt.sound {
        Sound::Say(text) => text.clone(),
        Sound::Recording(name) => name.clone(),
        // Of a line that is held open, and of no dialplan.
        Sound::Tone => String::new(),
    });
    texts.collect::<Vec<_>>().join(" ")
}

#[test]
fn who_may_choose_the_number_presses_1_for_their_own() {
    let (mut walk, said) = choosing();
    assert!(heard(&said).contains("press 1"), "{said:?}");
    let said = presses(&mut walk, "1");
    assert!(matches!(said.last(), Some(Do::CallBack(_))), "{said:?}");
    assert_eq!(walk.next(MONDAY, Heard::CallBack { promised: true }), [Do::HangUp(Ending::Said)]);
}

#[test]
fn who_may_choose_the_number_presses_2_and_keys_in_another() {
    let (mut walk, _) = choosing();
    let said = presses(&mut walk, "2");
    assert!(heard(&said).contains("key in the number"), "{said:?}");
    walk.next(MONDAY, Heard::PlayEnded);
    let said = presses(&mut walk, "13900139000#");
    assert!(matches!(said.last(), Some(Do::CallBackAt { number, .. }) if number == "13900139000"), "{said:?}");
    let told = |order: &Do| matches!(order, Do::Keyed { keys, .. } if keys == "13900139000");
    assert!(said.iter().any(told), "its story has it: {said:?}");
}

#[test]
fn a_number_that_may_not_be_called_is_refused_in_words_and_another_may_be_keyed() {
    let (mut walk, _) = choosing();
    presses(&mut walk, "2");
    presses(&mut walk, "19001234567#");
    let said = walk.next(MONDAY, Heard::CallBack { promised: false });
    assert!(heard(&said).starts_with("We cannot call that number. Please key in"), "{said:?}");
    // Silence is a number that is complete; none at all is a try.
    walk.next(MONDAY, Heard::PlayEnded);
    assert!(heard(&walk.next(MONDAY, Heard::TimeUp)).starts_with("Please key in"));
    walk.next(MONDAY, Heard::PlayEnded);
    presses(&mut walk, "19001234567");
    assert!(matches!(walk.next(MONDAY, Heard::TimeUp).last(), Some(Do::CallBackAt { .. })));
    let said = walk.next(MONDAY, Heard::CallBack { promised: false });
    assert_eq!(said.first(), Some(&Do::Entered(StepName::new("welcome"))), "where nobody is called back");
}

#[test]
fn who_says_nothing_is_called_back_on_the_number_they_call_from() {
    let (mut walk, _) = choosing();
    for _ in 0..2 {
        walk.next(MONDAY, Heard::PlayEnded);
        assert!(heard(&walk.next(MONDAY, Heard::TimeUp)).contains("press 1"), "asked again");
    }
    walk.next(MONDAY, Heard::PlayEnded);
    assert!(matches!(walk.next(MONDAY, Heard::TimeUp).last(), Some(Do::CallBack(_))));
}

fn any_heard() -> impl Strategy<Value = Heard> {
    prop_oneof![
        3 => Just(Heard::PlayEnded),
        1 => Just(Heard::PlayFailed),
        2 => Just(Heard::TimeUp),
        1 => any::<bool>().prop_map(|promised| Heard::CallBack { promised }),
        6 => prop::sample::select("0123456789*#".chars().collect::<Vec<_>>())
            .prop_map(|key| Heard::Key(Key::try_from(key).unwrap())),
    ]
}

proptest! {
    /// Whatever a caller does: one thing plays at a time, one wait runs at a time, what is stopped was running,
    /// and after a hang-up nothing follows.
    #[test]
    fn whatever_happens_the_orders_make_sense(heards in prop::collection::vec(any_heard(), 0..200)) {
        let (mut walk, mut said) = Walk::begin(plan(), &PhoneNumber::new("100"), MONDAY).unwrap();
        let (mut playing, mut waiting, mut over, mut away) = (false, false, false, false);
        let mut asking = false;
        let mut heards = heards.into_iter();
        loop {
            for order in said {
                prop_assert!(!over, "an order after the end: {order:?}");
                match order {
                    Do::Play(prompts) => {
                        prop_assert!(!playing && !waiting && !prompts.is_empty());
                        (playing, away) = (true, false);
                    }
                    Do::Agent(_) => (playing, away) = (true, false),
                    Do::StopPlay => {
                        prop_assert!(playing);
                        playing = false;
                    }
                    Do::Wait(_) => {
                        prop_assert!(!playing);
                        waiting = true;
                    }
                    Do::StopWait => {
                        prop_assert!(waiting);
                        waiting = false;
                    }
                    Do::Queue(_) | Do::Transfer(_) => {
                        prop_assert!(!playing && !waiting);
                        away = true;
                    }
                    Do::HangUp(ending) => {
                        prop_assert_eq!(ending, Ending::Said);
                        prop_assert!(!playing && !waiting);
                        over = true;
                    }
                    Do::CallBack(_) | Do::CallBackAt { .. } => {
                        prop_assert!(!playing && !waiting);
                        asking = true;
                    }
                    Do::Entered(_) | Do::Keyed { .. } => {}
                }
            }
            // Nobody waits for nothing: something runs, or the call is in a queue or over.
            prop_assert!(playing || waiting || over || away || asking);
            let Some(heard) = heards.next() else { break };
            match heard {
                Heard::PlayEnded | Heard::PlayFailed if !playing => { said = Vec::new(); continue }
                Heard::TimeUp if !waiting => { said = Vec::new(); continue }
                Heard::PlayEnded | Heard::PlayFailed => playing = false,
                Heard::TimeUp => waiting = false,
                Heard::CallBack { .. } => asking = false,
                Heard::Key(_) => {}
            }
            said = walk.next(MONDAY, heard);
        }
    }
}

#[test]
fn an_agents_wish_is_done_and_told_before_the_step_goes_on() {
    let yaml = "language: 1\nname: { en: Test }\nzone: UTC\nlanguages: [en]\nbreak_reasons: [lunch]\n\
        numbers: [\"*45\"]\nstart: shift\nsteps:\n  shift:\n    - agent: log_in\n    - agent: { break: lunch }\n    - hang_up\n";
    let plan = Arc::new(super::centre(yaml).unwrap_or_else(|mistakes| panic!("{mistakes}")));
    let said = cordboard::dialplan::all_prompts(&plan);
    assert!(said.iter().any(|prompt| prompt.sound == Sound::Say("You are on a break.".into())), "{said:?}");
    let (mut walk, first) = Walk::begin(plan, &PhoneNumber::new("*45"), MONDAY).expect("a number of the centre");
    assert!(matches!(first.as_slice(), [Do::Entered(_), Do::Agent(AgentWish::LogIn)]), "{first:?}");
    let then = walk.next(MONDAY, Heard::PlayEnded);
    assert!(matches!(then.as_slice(), [Do::Agent(AgentWish::Break(reason))] if reason.as_str() == "lunch"), "{then:?}");
    assert_eq!(walk.next(MONDAY, Heard::PlayEnded), [Do::HangUp(Ending::Said)]);
}
