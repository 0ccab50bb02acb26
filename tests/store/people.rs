//! The people of a centre.

use std::collections::{BTreeMap, BTreeSet};

use cordboard::routing::ids::*;
use cordboard::store::agents::{HashedPassword, Role};
use cordboard::store::people::{Answer, Guard, Wanted};
use cordboard::store::{Author, StoreError};

use crate::Both;
use crate::shift::at;

#[tokio::test(flavor = "multi_thread")]
async fn people_are_added_listed_changed_and_removed_in_one_centre_only() {
    let both = Both::new().await;
    let (hall, other) = (CentreName::new("hall"), CentreName::new("other"));
    let (anna, nobody) = (AgentName::new("anna"), AgentName::new("nobody"));
    for db in &both.all {
        let change = async |agent: &AgentName, wanted: Wanted| {
            db.change_person(&hall, agent, &wanted, &Guard::default(), &Author::Console, at(0)).await
        };
        let secret = HashedPassword::of("secret").expect("hashed");
        let named = Wanted { display_name: Some("Anna \u{0} '".into()), ..Wanted::default() };
        for centre in [&hall, &other] {
            db.engage(centre, &anna, &named, &Author::Console, at(0)).await.expect("added");
        }
        let again = db.engage(&hall, &anna, &Wanted::default(), &Author::Console, at(0)).await;
        assert!(matches!(again, Err(StoreError::Exists { .. })), "{again:?}");
        assert_eq!(db.password(&hall, &anna).await.expect("read"), None);

        let password = Wanted { password: Some(Some(secret)), ..Wanted::default() };
        assert_eq!(change(&anna, password).await.expect("set"), Answer::Changed);
        let queues = BTreeSet::from([QueueName::new("sales"), QueueName::new("support")]);
        let skills = BTreeMap::from([(SkillName::new("english"), 7)]);
        for answer in [Answer::Changed, Answer::AsItWas] {
            let wanted = Wanted { queues: Some(queues.clone()), ..Wanted::default() };
            assert_eq!(change(&anna, wanted).await.expect("set"), answer);
            let wanted = Wanted { skills: Some(skills.clone()), ..Wanted::default() };
            assert_eq!(change(&anna, wanted).await.expect("set"), answer);
        }
        let station = (SwitchName::new("pbx"), StationAddress::new("PJSIP/a1"));
        let wanted = Wanted { station: Some(Some(station.clone())), ..Wanted::default() };
        change(&anna, wanted).await.expect("set");
        let (role, display_name) = (Some(Role::Supervisor), Some("Anna".into()));
        change(&anna, Wanted { role, display_name, ..Wanted::default() }).await.expect("set");

        let person = db.person(&hall, &anna).await.expect("read").expect("is there");
        assert_eq!((person.role, person.display_name.as_str()), (Role::Supervisor, "Anna"));
        assert_eq!((person.queues, person.skills), (queues, skills));
        assert_eq!(person.station, Some(station));
        assert!(db.password(&hall, &anna).await.expect("read").is_some_and(|hash| hash.fits("secret")));

        let skills = Some(BTreeMap::from([(SkillName::new("english"), 11)]));
        let level = change(&anna, Wanted { skills, ..Wanted::default() }).await;
        assert!(matches!(level, Err(StoreError::Refused { .. })), "{level:?}");
        assert_eq!(db.people(&hall).await.expect("list")[0].skills.len(), 1, "as it was before");
        let missing = change(&nobody, Wanted { queues: Some(BTreeSet::new()), ..Wanted::default() }).await;
        assert!(matches!(missing, Err(StoreError::Missing { .. })), "{missing:?}");

        let theirs = &db.people(&other).await.expect("list")[0];
        assert!(!theirs.has_password && theirs.queues.is_empty(), "another centre's Anna is another");
        let gone = db.dismiss(&hall, &anna, &Guard::default(), &Author::Console, at(0)).await;
        assert_eq!(gone.expect("removed"), Answer::Changed);
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
