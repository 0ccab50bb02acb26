//! One connection against a scripted peer, on a clock that stands still unless everybody waits.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use cordboard::switch::asterisk::ami::client::{FULLY_BOOTED_WITHIN, Login, MOST_QUEUED_BYTES};
use cordboard::switch::asterisk::ami::codec::LONGEST_FRAME;
use cordboard::switch::asterisk::ami::events::MOST_EVENTS;
use cordboard::switch::asterisk::ami::link::{DEAD_AFTER, LONGEST_RECORD, WRITE_WITHIN};
use cordboard::switch::asterisk::ami::{Action, AmiError, BadValue, Event, Events, Resync, Writes, open, open_writing};
use proptest::prelude::*;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf, duplex};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::peer::{Peer, SECRET, connected, connected_with, is_lost, login};

fn ask_for(channel: &str) -> Action {
    Action::new("Hangup").with("Channel", channel)
}

async fn in_time(events: &mut Events) -> Option<Event> {
    timeout(Duration::from_secs(30), events.recv()).await.expect("an event")
}

/// The next event's name, or what it is instead.
async fn next(events: &mut Events) -> String {
    match in_time(events).await {
        Some(Event::Received(received)) => received.frame.event().unwrap_or("no name").to_owned(),
        Some(Event::ResyncNeeded(why)) => format!("{why:?}"),
        Some(Event::Lost(why)) => format!("Lost: {why}"),
        None => "nothing more".to_owned(),
    }
}

#[tokio::test(start_paused = true)]
async fn a_login_never_sends_the_secret_and_is_done_when_the_switch_has_booted() {
    let (ours, theirs) = duplex(4_096);
    let mut peer = Peer::new(theirs);
    let opening = tokio::spawn(async move { open(ours, &login()).await });
    let boots_at = Instant::now() + Duration::from_secs(20);
    let booting = tokio::spawn(async move {
        peer.let_in().await;
        while let Ok(ping) = timeout_at(boots_at, peer.hear_or_end()).await {
            peer.answer(&ping.expect("the client stays"), "Success", "Ping: Pong").await;
        }
        peer.boot().await;
        peer.hear_the_end_answering().await;
        peer
    });
    let (ami, mut events) = opening.await.expect("no panic").expect("logged in");
    assert!(Instant::now() >= boots_at);
    assert_eq!(next(&mut events).await, "Connected");
    assert_eq!(next(&mut events).await, "FullyBooted");
    drop(ami);
    let peer = booting.await.expect("no panic");
    assert!(!String::from_utf8_lossy(&peer.heard).contains(SECRET));
}

#[tokio::test(start_paused = true)]
async fn a_mask_without_the_boot_notice_is_set_after_the_boot() {
    let (ours, theirs) = duplex(4_096);
    let mut peer = Peer::new(theirs);
    let login = Login { events: "call,agi".into(), ..login() };
    let (opened, heard) = tokio::join!(open(ours, &login), async {
        peer.let_in().await;
        peer.boot().await;
        let events = peer.expect("Events").await;
        peer.answer(&events, "Success", "Events: On").await;
        (String::from_utf8_lossy(&peer.heard).into_owned(), events)
    });
    opened.expect("logged in");
    assert!(heard.0.contains("Events: system,call,agi\r\n"));
    assert_eq!(heard.1.get("EventMask"), Some(&b"call,agi"[..]));
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_is_refused_in_the_words_of_the_switch() {
    let (ours, theirs) = duplex(4_096);
    let mut peer = Peer::new(theirs);
    let login = login();
    let (opened, ()) = tokio::join!(open(ours, &login), async {
        peer.say("Asterisk Call Manager/11.0.0\r\n").await;
        let challenge = peer.expect("Challenge").await;
        peer.answer(&challenge, "Success", "Challenge: 1").await;
        let login = peer.expect("Login").await;
        sleep(Duration::from_secs(1)).await;
        peer.answer(&login, "Error", "Message: Authentication failed").await;
    });
    assert_eq!(opened.err(), Some(AmiError::Refused("Authentication failed".into())));
    peer.hear_the_end().await;
}

#[tokio::test(start_paused = true)]
async fn a_switch_that_never_boots_is_given_up_after_a_minute() {
    let (ours, theirs) = duplex(4_096);
    let mut peer = Peer::new(theirs);
    let login = login();
    let (opened, ()) = tokio::join!(open(ours, &login), async {
        peer.let_in().await;
        peer.hear_or_end().await;
    });
    // The peer above hears one Ping and answers none.
    assert!(is_lost(&opened.expect_err("not logged in")));

    let (ours, theirs) = duplex(4_096);
    let mut peer = Peer::new(theirs);
    let patient = tokio::spawn(async move {
        peer.let_in().await;
        while let Some(ping) = peer.hear_or_end().await {
            peer.answer(&ping, "Success", "Ping: Pong").await;
        }
    });
    assert_eq!(open(ours, &login).await.err(), Some(AmiError::TimedOut(FULLY_BOOTED_WITHIN)));
    patient.await.expect("the client has closed");
}

#[tokio::test(start_paused = true)]
async fn something_that_is_no_manager_interface_is_garbled() {
    let (ours, theirs) = duplex(4_096);
    let mut peer = Peer::new(theirs);
    peer.say("SSH-2.0-OpenSSH_9.2\r\n").await;
    let opened = open(ours, &login()).await;
    assert!(matches!(&opened, Err(AmiError::Garbled(what)) if what.contains("SSH-2.0")), "{opened:?}");
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_says_nothing_at_all_is_given_up() {
    let (ours, _theirs) = duplex(4_096);
    let began = Instant::now();
    let opened = open(ours, &login()).await;
    assert!(opened.is_err());
    assert!(began.elapsed() <= DEAD_AFTER);
}

#[tokio::test(start_paused = true)]
async fn answers_find_their_questions_in_whatever_order_they_come() {
    let (ami, _events, mut peer) = connected().await;
    let first = ami.send_one(ask_for("a")).expect("sent");
    let second = ami.send_one(ask_for("b")).expect("sent");
    let (a, b) = (peer.expect("Hangup").await, peer.expect("Hangup").await);
    peer.answer(&b, "Success", "Message: to b").await;
    peer.answer(&a, "Error", "Message: to a").await;
    assert_eq!(first.await, Err(AmiError::Refused("to a".into())));
    assert_eq!(second.await.expect("an answer").get("Message"), Some(&b"to b"[..]));
}

#[tokio::test(start_paused = true)]
async fn an_answer_after_its_time_is_given_to_nobody() {
    let (ami, mut events, mut peer) = connected().await;
    let limit = Duration::from_millis(300);
    let late = ami.ask(ask_for("late").within(limit));
    assert_eq!(late.await, Err(AmiError::TimedOut(limit)));
    let question = peer.expect("Hangup").await;
    let next_one = ami.send_one(ask_for("next")).expect("sent");
    let next_question = peer.expect("Hangup").await;
    peer.answer(&question, "Success", "Message: late").await;
    peer.answer(&next_question, "Success", "Message: in time").await;
    assert_eq!(next_one.await.expect("an answer").get("Message"), Some(&b"in time"[..]));
    assert_eq!(ami.counts().late, 1);
    assert!(events.try_recv().is_none(), "and the driver is not bothered");
}

#[tokio::test(start_paused = true)]
async fn a_waiter_that_is_cancelled_does_not_shift_the_answers() {
    let (ami, _events, mut peer) = connected().await;
    let replies = ami.send([ask_for("a"), ask_for("b"), ask_for("c")]).expect("sent");
    let mut replies = replies.into_iter();
    let (a, b, c) = (replies.next().expect("a"), replies.next().expect("b"), replies.next().expect("c"));
    drop(b);
    for channel in ["a", "b", "c"] {
        let question = peer.expect("Hangup").await;
        assert_eq!(question.text("Channel").as_deref(), Some(channel), "what was sent stays sent");
        peer.answer(&question, "Success", &format!("Message: {channel}")).await;
    }
    assert_eq!(a.await.expect("an answer").get("Message"), Some(&b"a"[..]));
    assert_eq!(c.await.expect("an answer").get("Message"), Some(&b"c"[..]));
    assert_eq!(ami.counts().late, 1);
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_nothing_we_asked_is_dropped_and_counted() {
    let (ami, _events, mut peer) = connected().await;
    let reply = ami.send_one(ask_for("a")).expect("sent");
    let question = peer.expect("Hangup").await;
    peer.say("Response: Success\r\nActionID: other-1\r\n\r\nResponse: Error\r\nMessage: no id\r\n\r\n").await;
    peer.say("Something: else\r\n\r\n").await;
    peer.answer(&question, "Success", "Message: ours").await;
    assert_eq!(reply.await.expect("an answer").get("Message"), Some(&b"ours"[..]));
    assert_eq!(ami.counts().strange, 3);
}

#[tokio::test(start_paused = true)]
async fn a_list_comes_whole_and_an_event_in_its_midst_is_known_to_be_newer() {
    let (ami, mut events, mut peer) = connected().await;
    let list = ami.send_list(Action::new("CoreShowChannels")).expect("sent");
    let question = peer.expect("CoreShowChannels").await;
    peer.say("Event: Before\r\n\r\n").await;
    peer.start_list(&question).await;
    peer.item(&question, "CoreShowChannel", "Channel: a").await;
    peer.say("Event: Hangup\r\nChannel: a\r\n\r\n").await;
    peer.item(&question, "CoreShowChannel", "Channel: b").await;
    peer.end_list(&question).await;
    peer.say("Event: After\r\n\r\n").await;
    let list = list.await.expect("a list");
    let channels: Vec<_> = list.items.iter().map(|item| item.frame.text("Channel").expect("a channel")).collect();
    assert_eq!(channels, ["a", "b"]);
    assert_eq!(list.complete.as_ref().and_then(|end| end.number::<u32>("ListItems")), Some(1));
    let mut numbers = Vec::new();
    for expected in ["Before", "Hangup", "After"] {
        let Some(Event::Received(received)) = in_time(&mut events).await else { panic!("an event") };
        assert_eq!(received.frame.event(), Some(expected));
        numbers.push(received.number);
    }
    assert!(numbers[0] < list.began && list.began < numbers[1] && numbers[1] < list.ended && list.ended < numbers[2]);
}

#[tokio::test(start_paused = true)]
async fn two_lists_at_once_do_not_mix() {
    let (ami, _events, mut peer) = connected().await;
    let first = ami.send_list(Action::new("Status")).expect("sent");
    let second = ami.send_list(Action::new("BridgeList")).expect("sent");
    let (a, b) = (peer.expect("Status").await, peer.expect("BridgeList").await);
    peer.start_list(&a).await;
    peer.start_list(&b).await;
    peer.item(&b, "BridgeListItem", "Name: b").await;
    peer.item(&a, "Status", "Name: a").await;
    peer.end_list(&b).await;
    peer.end_list(&a).await;
    assert_eq!(first.await.expect("a list").items[0].frame.get("Name"), Some(&b"a"[..]));
    assert_eq!(second.await.expect("a list").items[0].frame.get("Name"), Some(&b"b"[..]));
}

#[tokio::test(start_paused = true)]
async fn an_empty_list_is_refused_or_has_no_items() {
    let (ami, _events, mut peer) = connected().await;
    let refused = ami.send_list(Action::new("PJSIPShowContacts")).expect("sent");
    let no_list = ami.send_list(Action::new("Ping")).expect("sent");
    let question = peer.expect("PJSIPShowContacts").await;
    peer.answer(&question, "Error", "Message: No Contacts found\n").await;
    assert_eq!(refused.await.err(), Some(AmiError::Refused("No Contacts found".into())));
    let answers = tokio::spawn(async move {
        peer.hear_the_end_answering().await;
    });
    let empty = no_list.await.expect("an answer");
    assert!(empty.items.is_empty() && empty.complete.is_none());
    drop(ami);
    answers.await.expect("closed");
}

#[tokio::test(start_paused = true)]
async fn items_of_a_list_nobody_waits_for_are_never_taken_for_news() {
    let (ami, mut events, mut peer) = connected().await;
    let limit = Duration::from_millis(200);
    assert_eq!(ami.list(Action::new("Status").within(limit)).await.err(), Some(AmiError::TimedOut(limit)));
    let given_up = peer.expect("Status").await;
    // A list asked for without saying so: its response is given, its items are not.
    let plain = ami.send_one(Action::new("BridgeList")).expect("sent");
    let no_list = peer.expect("BridgeList").await;
    for question in [&given_up, &no_list] {
        peer.start_list(question).await;
        peer.item(question, "Item", "Name: x").await;
        peer.end_list(question).await;
    }
    plain.await.expect("an answer");
    peer.say("Event: News\r\n\r\n").await;
    assert_eq!(next(&mut events).await, "News");
    assert!(events.try_recv().is_none());
}

#[tokio::test(start_paused = true)]
async fn an_event_about_our_action_reaches_the_driver_with_its_id() {
    let (ami, mut events, mut peer) = connected().await;
    let reply = ami.send_one(Action::new("Originate").with("Async", "true")).expect("sent");
    let id = reply.action_id().to_owned();
    let question = peer.expect("Originate").await;
    // It has been seen before the response too.
    peer.item(&question, "OriginateResponse", "Response: Failure\r\nReason: 0").await;
    peer.answer(&question, "Success", "Message: Originate successfully queued").await;
    reply.await.expect("an answer");
    let Some(Event::Received(received)) = in_time(&mut events).await else { panic!("an event") };
    assert_eq!(received.frame.text("ActionID").as_deref(), Some(id.as_str()));
}

#[tokio::test(start_paused = true)]
async fn a_bad_command_is_refused_with_its_reason_and_a_good_one_gives_its_lines() {
    let (ami, _events, mut peer) = connected().await;
    let other = ami.clone();
    let asking =
        tokio::spawn(async move { (other.command("core show uptime").await, other.command("nonsense").await) });
    let question = peer.expect("Command").await;
    let lines =
        "Message: Command output follows\r\nOutput: System uptime: 12 seconds\r\nOutput: Last reload: 12 seconds";
    peer.answer(&question, "Success", lines).await;
    let question = peer.expect("Command").await;
    peer.answer(&question, "Error", "Message: Command output follows\r\nOutput: No such command 'nonsense'").await;
    let (good, bad) = asking.await.expect("no panic");
    assert_eq!(good.expect("lines"), ["System uptime: 12 seconds", "Last reload: 12 seconds"]);
    assert_eq!(bad, Err(AmiError::Refused("No such command 'nonsense'".into())));
}

#[tokio::test(start_paused = true)]
async fn when_the_switch_closes_within_a_message_everybody_who_waits_is_told() {
    let (ami, mut events, mut peer) = connected().await;
    let one = ami.send_one(ask_for("a")).expect("sent");
    let list = ami.send_list(Action::new("Status")).expect("sent");
    peer.expect("Hangup").await;
    let question = peer.expect("Status").await;
    peer.start_list(&question).await;
    peer.say("Event: Whole\r\n\r\nEvent: Hal").await;
    drop(peer);
    let why = one.await.expect_err("lost");
    assert!(is_lost(&why) && why.to_string().contains("within a message"), "{why}");
    assert_eq!(list.await.err(), Some(why.clone()));
    assert_eq!(ami.lost().await, why);
    assert_eq!(ami.ask(ask_for("b")).await, Err(why.clone()));
    assert_eq!(ami.ended(), Some(why.clone()));
    assert_eq!(next(&mut events).await, "Whole");
    assert_eq!(next(&mut events).await, format!("Lost: {why}"));
    assert_eq!(next(&mut events).await, "nothing more");
}

#[tokio::test(start_paused = true)]
async fn a_switch_that_hangs_is_noticed_in_five_seconds_even_while_events_pour_in() {
    for events_pour_in in [false, true] {
        let (ami, _events, mut peer) = connected().await;
        let began = Instant::now();
        let hanging = tokio::spawn(async move {
            loop {
                // Hears, and answers nothing.
                let heard = timeout(Duration::from_millis(100), peer.hear_or_end()).await;
                if matches!(heard, Ok(None)) {
                    break;
                }
                if events_pour_in {
                    peer.say("Event: VarSet\r\n\r\n").await;
                }
            }
        });
        let why = ami.lost().await;
        assert!(is_lost(&why) && why.to_string().contains("answered nothing"), "{why}");
        assert!(began.elapsed() <= DEAD_AFTER + Duration::from_millis(200), "{:?}", began.elapsed());
        hanging.await.expect("the client has closed");
    }
}

#[tokio::test(start_paused = true)]
async fn a_quiet_switch_that_answers_its_pings_is_kept() {
    let (ami, _events, mut peer) = connected().await;
    let answering = tokio::spawn(async move {
        let mut pings = 0;
        while let Some(ping) = peer.hear_or_end().await {
            assert_eq!(ping.get("Action"), Some(&b"Ping"[..]));
            sleep(Duration::from_millis(2_500)).await;
            peer.answer(&ping, "Success", "Ping: Pong").await;
            pings += 1;
        }
        pings
    });
    sleep(Duration::from_secs(600)).await;
    assert_eq!(ami.ended(), None);
    drop(ami);
    let pings = answering.await.expect("no panic");
    assert!((100..=300).contains(&pings), "{pings}");
}

#[tokio::test(start_paused = true)]
async fn a_switch_that_takes_no_bytes_is_given_up_and_nothing_piles_up_meanwhile() {
    let (ami, _events, peer) = connected_with(600).await;
    let began = Instant::now();
    let mut sent = 0;
    let refused = loop {
        match ami.send_one(Action::new("Setvar").with("Value", [b'x'; 900])) {
            Ok(_) => sent += 900,
            Err(why) => break why,
        }
        assert!(sent <= 2 * MOST_QUEUED_BYTES);
    };
    assert_eq!(refused, AmiError::Overloaded);
    let why = ami.lost().await;
    assert!(is_lost(&why), "{why}");
    assert!(began.elapsed() <= WRITE_WITHIN);
    drop(peer);
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_written_in_time_is_never_written() {
    let (ami, _events, mut peer) = connected_with(600).await;
    let limit = Duration::from_millis(100);
    // More than the task takes from its queue while the network is full.
    let filling = (0..400).map(|_| Action::new("Setvar").with("Value", [b'x'; 900]));
    ami.send(filling).expect("sent");
    let stale = ami.ask(ask_for("stale").within(limit)).await;
    assert_eq!(stale, Err(AmiError::TimedOut(limit)));
    let last = ami.send_one(ask_for("fresh")).expect("sent");
    for _ in 0..400 {
        let question = peer.expect("Setvar").await;
        peer.answer(&question, "Success", "").await;
    }
    let question = peer.expect("Hangup").await;
    assert_eq!(question.text("Channel").as_deref(), Some("fresh"));
    peer.answer(&question, "Success", "").await;
    last.await.expect("an answer");
}

#[tokio::test(start_paused = true)]
async fn a_driver_that_falls_behind_is_told_to_resync_and_answers_still_come() {
    let (ami, mut events, mut peer) = connected().await;
    let flood = MOST_EVENTS + 500;
    for _ in 0..flood {
        peer.say("Event: VarSet\r\nUniqueid: x\r\n\r\n").await;
    }
    let reply = ami.send_one(ask_for("a")).expect("sent");
    let question = peer.expect("Hangup").await;
    peer.answer(&question, "Success", "").await;
    reply.await.expect("reading never waits for the driver");
    assert_eq!(ami.counts().dropped_events, 500);
    for _ in 0..MOST_EVENTS {
        assert_eq!(next(&mut events).await, "VarSet");
    }
    assert_eq!(next(&mut events).await, format!("{:?}", Resync::Overflow { dropped: 500 }));
    peer.say("Event: News\r\n\r\n").await;
    assert_eq!(next(&mut events).await, "News");
}

#[tokio::test(start_paused = true)]
async fn an_answer_too_long_fails_its_question_and_an_event_too_long_asks_for_a_resync() {
    let (ami, mut events, mut peer) = connected().await;
    let huge = ami.send_one(Action::new("Command").with("Command", "dialplan show")).expect("sent");
    let small = ami.send_one(ask_for("a")).expect("sent");
    let (first, second) = (peer.expect("Command").await, peer.expect("Hangup").await);
    let filler = "x".repeat(LONGEST_FRAME);
    peer.answer(&first, "Success", &format!("Output: {filler}")).await;
    peer.answer(&second, "Success", "").await;
    assert!(matches!(huge.await, Err(AmiError::Garbled(_))));
    small.await.expect("the next one is whole");
    peer.say(format!("Event: VarSet\r\nValue: {filler}\r\n\r\nEvent: News\r\n\r\n")).await;
    assert!(next(&mut events).await.starts_with("Garbled"));
    assert_eq!(next(&mut events).await, "News");
    assert_eq!(ami.counts().garbled, 2);
}

#[tokio::test(start_paused = true)]
async fn a_mistake_in_one_action_sends_none_of_its_batch() {
    let (ami, _events, mut peer) = connected().await;
    let sent = ami.send([ask_for("a"), ask_for("b\r\nAction: Logoff"), ask_for("c")]);
    let wrong = BadValue::ControlCharacter { header: "Channel".into() };
    assert_eq!(sent.err(), Some(AmiError::BadValue(wrong)));
    let _reply = ami.send_one(ask_for("d")).expect("sent");
    assert_eq!(peer.expect("Hangup").await.text("Channel").as_deref(), Some("d"));
}

#[tokio::test(start_paused = true)]
async fn what_was_sent_is_written_and_answered_before_the_last_handle_closes_the_connection() {
    let (ami, mut events, mut peer) = connected().await;
    let reply = ami.send_one(ask_for("a")).expect("sent");
    drop(ami);
    let question = peer.expect("Hangup").await;
    peer.answer(&question, "Success", "Message: done").await;
    assert_eq!(reply.await.expect("an answer").get("Message"), Some(&b"done"[..]));
    peer.hear_the_end().await;
    assert!(next(&mut events).await.starts_with("Lost"));
}

#[tokio::test(start_paused = true)]
async fn a_later_connection_has_a_later_generation_and_other_ids() {
    let (first, first_events, _peer) = connected().await;
    let (second, second_events, _other) = connected().await;
    assert!(first.generation() < second.generation());
    assert_eq!(first.generation(), first_events.generation());
    assert_eq!(second.generation(), second_events.generation());
    let a = first.send_one(ask_for("a")).expect("sent");
    let b = second.send_one(ask_for("b")).expect("sent");
    assert_ne!(a.action_id(), b.action_id());
    assert!(a.action_id().starts_with("test.1-"));
}

#[tokio::test(start_paused = true)]
async fn a_lost_connection_tells_a_driver_that_waits_and_one_that_comes_later() {
    let (ami, mut events, peer) = connected().await;
    let waiting = tokio::spawn(async move { next(&mut events).await });
    tokio::task::yield_now().await;
    drop(peer);
    assert!(waiting.await.expect("no panic").starts_with("Lost"));
    assert!(is_lost(&ami.lost().await));
    assert!(is_lost(&ami.lost().await));
}

/// Notes the size of every write.
struct Noting {
    stream: DuplexStream,
    writes: Arc<Mutex<Vec<usize>>>,
}

impl AsyncRead for Noting {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, to)
    }
}

impl AsyncWrite for Noting {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, from: &[u8]) -> Poll<std::io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, from);
        if let Poll::Ready(Ok(length)) = written {
            self.writes.lock().expect("no panic").push(length);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// Twenty actions sent at once, and the sizes of the writes in which they went out.
async fn twenty_at_once(writing: Writes) -> (Vec<u8>, Vec<usize>) {
    let (ours, theirs) = duplex(65_536);
    let writes = Arc::new(Mutex::new(Vec::new()));
    let noting = Noting { stream: ours, writes: Arc::clone(&writes) };
    let mut peer = Peer::new(theirs);
    let login = login();
    let (opened, ()) = tokio::join!(open_writing(noting, &login, writing), async {
        peer.let_in().await;
        peer.boot().await;
    });
    let (ami, _events) = opened.expect("logged in");
    writes.lock().expect("no panic").clear();
    let before = peer.heard.len();
    let variable = |length: usize| Action::new("Setvar").with("Value", vec![b'x'; length]);
    let sent = (0..20_usize).map(|number| ask_for(&number.to_string())).chain([variable(1_015), variable(900)]);
    let replies = ami.send(sent).expect("sent");
    for number in 0..20 {
        let question = peer.expect("Hangup").await;
        assert_eq!(question.text("Channel"), Some(number.to_string().into()));
    }
    peer.expect("Setvar").await;
    peer.expect("Setvar").await;
    assert_eq!(replies.len(), 22);
    let sizes = writes.lock().expect("no panic").clone();
    (peer.heard[before..].to_vec(), sizes)
}

#[tokio::test(start_paused = true)]
async fn several_actions_go_out_in_one_write() {
    let (written, sizes) = twenty_at_once(Writes::Whole).await;
    assert_eq!(sizes, [written.len()]);
}

#[tokio::test(start_paused = true)]
async fn over_tls_every_record_is_whole_lines_that_asterisk_reads_at_once() {
    let (written, sizes) = twenty_at_once(Writes::ByLines).await;
    assert_eq!(sizes.iter().sum::<usize>(), written.len());
    let mut rest = &written[..];
    for size in sizes {
        assert!(size <= LONGEST_RECORD, "{size}");
        let (record, after) = rest.split_at(size);
        assert!(record.ends_with(b"\r\n"));
        rest = after;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_switch_gone_mad_never_panics_the_client(pieces in prop::collection::vec(
        prop::sample::select(vec![
            "Event: X", "Response: Success", "Response: Error", "\r\n", "\r\n\r\n", "\n", "EventList: start\r\n",
            "EventList: Complete\r\n", "EventList: Cancelled\r\n", "ActionID: test.1-1-4\r\n", "ActionID: ID\r\n",
            "Asterisk Call Manager/1\r\n", ": ", "\0", "Message: é\r\n", "Event: FullyBooted\r\n",
        ]), 0..80))
    {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
        runtime.expect("a runtime").block_on(async {
            let (ami, mut events, mut peer) = connected().await;
            let one = ami.send_one(ask_for("a")).expect("sent");
            let list = ami.send_list(Action::new("Status")).expect("sent");
            let (a, b) = (one.action_id().to_owned(), list.action_id().to_owned());
            for (number, piece) in pieces.iter().enumerate() {
                let id = if number % 2 == 0 { &a } else { &b };
                peer.say(piece.replace("ID\r", &format!("{id}\r"))).await;
            }
            drop(peer);
            // Everybody gets an answer, whatever it is.
            let _ = (one.await, list.await);
            while timeout(Duration::from_secs(60), events.recv()).await.expect("an end").is_some() {}
        });
    }
}
