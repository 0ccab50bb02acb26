//! Keys and hooks: what is kept of them, and how many there may be.

use std::collections::BTreeSet;

use cordboard::routing::ids::CentreName;
use cordboard::store::StoreError;
use cordboard::store::facts::FactPlace;
use cordboard::store::hooks::{Failing, KeptHook, MOST_HOOKS};
use cordboard::store::keys::{MOST_KEYS, NewKey, Scope, Token};

use crate::Both;
use crate::shift::{at, centre};

fn new(name: &str) -> NewKey {
    let scopes = BTreeSet::from([Scope::CallsRead, Scope::FloorRead]);
    NewKey { name: name.into(), scopes, made_by: "a test".into(), ends: Some(at(9_000)) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_found_by_its_id_alone_and_only_its_own_centre_revokes_it() {
    let both = Both::new().await;
    let (ours, other) = (centre(), CentreName::new("other"));
    for db in &both.all {
        let token = Token::new().expect("chance");
        db.add_key(&ours, &token, &new("李 <script>"), at(1)).await.expect("added");
        let kept = db.key(token.id()).await.expect("read").expect("a key");
        assert_eq!((&kept.centre, kept.name.as_str(), kept.ends), (&ours, "李 <script>", Some(at(9_000))));
        assert!(kept.fits(&token) && !kept.fits(&Token::new().expect("chance")));
        assert_eq!(kept.scopes, new("x").scopes);
        assert!(kept.holds(at(8_999)) && !kept.holds(at(9_000)));
        db.key_used(&ours, token.id(), at(5)).await.expect("noted");
        assert_eq!(db.key(token.id()).await.expect("read").expect("a key").last_used, Some(at(5)));
        let strange = db.revoke_key(&other, token.id(), at(6)).await;
        assert!(matches!(strange, Err(StoreError::Missing { .. })), "{strange:?}");
        assert!(db.keys(&other).await.expect("read").is_empty());
        db.revoke_key(&ours, token.id(), at(6)).await.expect("revoked");
        assert!(!db.key(token.id()).await.expect("read").expect("a key").holds(at(7)));
        assert!(db.revoke_key(&ours, token.id(), at(8)).await.is_err(), "twice");
        assert_eq!(db.key("nothing").await.expect("read"), None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_centre_has_so_many_keys_and_revoked_ones_do_not_count() {
    let both = Both::new().await;
    for db in &both.all {
        let mut last = None;
        for _ in 0..MOST_KEYS {
            let token = Token::new().expect("chance");
            db.add_key(&centre(), &token, &new("x"), at(1)).await.expect("added");
            last = Some(token);
        }
        let one_more = Token::new().expect("chance");
        assert!(db.add_key(&centre(), &one_more, &new("x"), at(1)).await.is_err());
        db.revoke_key(&centre(), last.expect("one").id(), at(2)).await.expect("revoked");
        db.add_key(&centre(), &one_more, &new("x"), at(3)).await.expect("added");
        assert_eq!(db.keys(&centre()).await.expect("read").len() as i64, MOST_KEYS + 1);
    }
}

fn hook(id: &str) -> KeptHook {
    KeptHook {
        centre: centre(),
        id: id.into(),
        url: "https://tickets.example/in".into(),
        kinds: vec!["call_arrived".into(), "call_ended".into()],
        secret: "whsec_x".into(),
        made: at(1),
        made_by: "a test".into(),
        place: FactPlace { seq: 7, n: 2 },
        delivered: None,
        failing: None,
        off: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_keeps_its_place_its_failures_and_that_it_is_off() {
    let both = Both::new().await;
    for db in &both.all {
        db.add_hook(&hook("a")).await.expect("added");
        assert_eq!(db.hook(&centre(), "a").await.expect("read"), hook("a"));
        db.hook_moved(&hook("a"), FactPlace { seq: 9, n: 0 }).await.expect("moved");
        let failing = Failing { since: at(5), failures: 3, why: "it answered 500".into(), next: at(8) };
        db.hook_failed(&hook("a"), &failing).await.expect("kept");
        let kept = db.hook(&centre(), "a").await.expect("read");
        assert_eq!((kept.place, kept.failing), (FactPlace { seq: 9, n: 0 }, Some(failing)));
        db.switch_hook_off(&centre(), "a", at(9), "failed for days").await.expect("off");
        assert_eq!(db.hooks_that_are_on().await.expect("read"), []);
        let kept = db.hook(&centre(), "a").await.expect("read");
        assert_eq!(kept.off, Some((at(9), "failed for days".into())));
        db.switch_hook_on(&centre(), "a").await.expect("on");
        let kept = db.hook(&centre(), "a").await.expect("read");
        assert_eq!((kept.failing, kept.off, kept.place.seq), (None, None, 9));
        db.hook_delivered(&hook("a"), FactPlace { seq: 11, n: 1 }, at(11)).await.expect("kept");
        let kept = db.hooks_that_are_on().await.expect("read");
        assert_eq!((kept[0].place, kept[0].delivered), (FactPlace { seq: 11, n: 1 }, Some(at(11))));
        db.change_hook(&centre(), "a", "https://other.example/", &[]).await.expect("changed");
        assert!(db.hook(&centre(), "a").await.expect("read").kinds.is_empty());
        for more in 1..MOST_HOOKS {
            db.add_hook(&hook(&format!("h{more}"))).await.expect("added");
        }
        assert!(matches!(db.add_hook(&hook("z")).await, Err(StoreError::Exists { .. })));
        let strange = db.remove_hook(&CentreName::new("other"), "a").await;
        assert!(matches!(strange, Err(StoreError::Missing { .. })));
        db.remove_hook(&centre(), "a").await.expect("removed");
        assert!(db.hook(&centre(), "a").await.is_err());
    }
}
