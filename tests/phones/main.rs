//! The telephones themselves, tried against each other without any switch between them.

#[path = "mod.rs"]
mod phones;

use std::time::Duration;

use phones::{Call, Does, Telephones, What};

const SOON: Duration = Duration::from_secs(5);

fn telephones() -> Telephones {
    Telephones::listen("127.0.0.1:0".parse().expect("an address")).expect("loopback has a free port")
}

async fn dialled(does: Does) -> (Telephones, Telephones, Call) {
    let (callers, stations) = (telephones(), telephones());
    stations.set("a1001", does);
    let call = callers.dial(stations.address(), "a1001", "10086", b"A caller", false);
    (callers, stations, call)
}

#[tokio::test]
async fn a_call_rings_is_answered_and_ends_when_the_caller_hangs_up() {
    let (_callers, stations, call) = dialled(Does::Ring).await;
    let rung = stations.wait_rung("a1001", SOON).await.expect("the station rings");
    assert!(call.wait_ringing(SOON).await);
    assert!(rung.pick_up());
    assert!(call.wait_answered(SOON).await);
    call.press('5').await;
    call.hang_up();
    assert!(rung.wait_ended(SOON).await);
    let happened: Vec<What> = rung.happened().into_iter().map(|happening| happening.what).collect();
    let expected = [
        What::InviteReceived,
        What::Ringing,
        What::Answered,
        What::Acknowledged,
        What::KeyReceived('5'),
        What::ByeReceived,
    ];
    assert_eq!(happened, expected);
    assert!(call.when(&What::InviteSent) <= rung.when(&What::InviteReceived));
}

#[tokio::test]
async fn a_station_hangs_up_by_itself_when_it_has_talked() {
    let quick = Duration::from_millis(20);
    let (_callers, _stations, call) = dialled(Does::Answer { after: quick, talk: Some(quick) }).await;
    assert!(call.wait_ended(SOON).await);
    assert!(call.when(&What::Answered).is_some() && call.when(&What::ByeReceived).is_some());
}

#[tokio::test]
async fn a_caller_who_gives_up_cancels_and_the_station_stops_ringing() {
    let (_callers, stations, call) = dialled(Does::Ring).await;
    let rung = stations.wait_rung("a1001", SOON).await.expect("the station rings");
    assert!(call.wait_ringing(SOON).await);
    call.hang_up();
    assert!(call.wait_ended(SOON).await && rung.wait_ended(SOON).await);
    assert!(rung.when(&What::CancelReceived).is_some());
    assert!(call.when(&What::Refused(487)).is_some());
    assert!(!rung.pick_up());
}

#[tokio::test]
async fn a_caller_who_gives_up_before_anything_came_back_is_not_forgotten() {
    let (_callers, stations, call) = dialled(Does::Ring).await;
    call.hang_up();
    assert!(call.wait_ended(SOON).await);
    assert!(stations.call_at("a1001").is_none());
}

#[tokio::test]
async fn a_refusal_and_a_station_that_is_not_there_have_their_status() {
    let (_callers, stations, call) = dialled(Does::Reject { after: Duration::ZERO, status: 486 }).await;
    assert!(call.wait_ended(SOON).await);
    assert!(call.when(&What::Refused(486)).is_some());
    let callers = telephones();
    let call = callers.dial(stations.address(), "a9", "10086", b"", false);
    assert!(call.wait_ended(SOON).await);
    assert!(call.when(&What::Refused(404)).is_some());
}

#[tokio::test]
async fn a_name_of_any_bytes_arrives_as_it_was_sent() {
    let (callers, stations) = (telephones(), telephones());
    stations.set("a1001", Does::Ring);
    callers.dial(stations.address(), "a1001", "10086", b"a\"b\\c\xff\x01\r\n\0d", false);
    let rung = stations.wait_rung("a1001", SOON).await.expect("the station rings");
    assert!(rung.shown().starts_with(b"\"a\\\"b\\\\c\xff\x01d\" <sip:10086@"), "{:?}", rung.shown());
}

#[tokio::test]
async fn fifty_calls_on_one_socket_keep_apart() {
    let (callers, stations) = (telephones(), telephones());
    let quick = Duration::from_millis(10);
    let mut calls = Vec::new();
    for i in 0..50 {
        let station = format!("a{i}");
        stations.set(&station, Does::Answer { after: quick, talk: Some(quick) });
        calls.push(callers.dial(stations.address(), &station, &format!("{i}"), b"", true));
    }
    for call in calls {
        assert!(call.wait_ended(SOON).await);
        assert!(call.when(&What::Answered).is_some());
    }
}
