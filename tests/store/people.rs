//! The people of a centre.

use std::collections::{BTreeMap, BTreeSet};

use cordboard::routing::ids::*;
use cordboard::store::agents::{HashedPassword, Role};
use cordboard::store::{Author, StoreError};

use crate::Both;
use crate::shift::at;

#[tokio::test(flavor = "multi_thread")]
async fn people_are_added_listed_changed_and_removed_in_one_centre_only() {
    let both = Both::new().await;
    let (hall, other) = (CentreName::new("hall"), CentreName::new("other"));
    let (anna, nobody) = (AgentName::new("anna"), AgentName::new("nobody"));
    for db in &both.all {
        let signed = db.signed(&Author::Console, at(0));
        let secret = HashedPassword::of("secret").expect("hashed");
        for centre in [&hall, &other] {
            signed.add_person(centre, &anna, "Anna \u{0} '", Role::Agent, None).await.expect("added");
        }
        let again = signed.add_person(&hall, &anna, "Anna", Role::Agent, None).await;
        assert!(matches!(again, Err(StoreError::Exists { .. })), "{again:?}");
        assert_eq!(db.password(&hall, &anna).await.expect("read"), None);

        signed.set_password(&hall, &anna, Some(&secret)).await.expect("set");
        let queues = BTreeSet::from([QueueName::new("sales"), QueueName::new("support")]);
        let skills = BTreeMap::from([(SkillName::new("english"), 7)]);
        for _ in 0..2 {
            signed.set_queues(&hall, &anna, &queues).await.expect("set");
            signed.set_skills(&hall, &anna, &skills).await.expect("set");
        }
        let (switch, station) = (SwitchName::new("pbx"), StationAddress::new("PJSIP/a1"));
        signed.set_station(&hall, &anna, Some((&switch, &station))).await.expect("set");
        signed.set_role(&hall, &anna, Role::Supervisor, "Anna").await.expect("set");

        let person = db.person(&hall, &anna).await.expect("read").expect("is there");
        assert_eq!((person.role, person.display_name.as_str()), (Role::Supervisor, "Anna"));
        assert_eq!((person.queues, person.skills), (queues, skills));
        assert_eq!(person.station, Some((switch, station)));
        assert!(db.password(&hall, &anna).await.expect("read").is_some_and(|hash| hash.fits("secret")));

        let level = signed.set_skills(&hall, &anna, &BTreeMap::from([(SkillName::new("english"), 11)])).await;
        assert!(matches!(level, Err(StoreError::Refused { .. })), "{level:?}");
        assert_eq!(db.people(&hall).await.expect("list")[0].skills.len(), 1, "as it was before");
        let missing = signed.set_queues(&hall, &nobody, &BTreeSet::new()).await;
        assert!(matches!(missing, Err(StoreError::Missing { .. })), "{missing:?}");

        let theirs = &db.people(&other).await.expect("list")[0];
        assert!(!theirs.has_password && theirs.queues.is_empty(), "another centre's Anna is another");
        signed.remove_person(&hall, &anna).await.expect("removed");
        assert!(db.people(&hall).await.expect("list").is_empty());
        assert_eq!(db.people(&other).await.expect("list").len(), 1);

        let (version, text) = (VersionHash::new("ab"), "numbers: {}\n");
        for _ in 0..2 {
            db.keep_version(&hall, &version, at(0), text).await.expect("kept");
        }
        assert_eq!(db.version(&hall, &version).await.expect("read").as_deref(), Some(text));
        assert_eq!(db.version(&other, &version).await.expect("read"), None);
    }
}
