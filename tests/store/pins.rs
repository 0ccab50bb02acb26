//! Numbers and PINs of the keypad: what is kept of them, and whose a number is.

use cordboard::routing::ids::{AgentName, CentreName};
use cordboard::store::agents::HashedPassword;
use cordboard::store::audit::Which;
use cordboard::store::people::{Guard, Wanted};
use cordboard::store::pins::AgentNumber;
use cordboard::store::{Author, StoreError};

use crate::Both;
use crate::shift::{at, centre};

fn number(text: &str) -> AgentNumber {
    text.parse().expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_is_one_persons_of_a_centre_and_its_pin_goes_with_the_person() {
    let both = Both::new().await;
    let (mira, otto, other) = (AgentName::new("mira"), AgentName::new("otto"), CentreName::new("other"));
    let (first, second) = (HashedPassword::of("2580").expect("a hash"), HashedPassword::of("90371").expect("a hash"));
    for db in &both.all {
        for (centre, agent) in [(&centre(), &mira), (&centre(), &otto), (&other, &mira)] {
            db.engage(centre, agent, &Wanted::default(), &Author::Console, at(1)).await.expect("added");
        }
        assert!(!db.has_pins(&centre()).await.expect("read"));
        let set = async |centre: &CentreName, agent: &AgentName, given: Option<(&AgentNumber, &HashedPassword)>| {
            db.set_pin(centre, agent, given, &Author::Console, at(2)).await
        };
        set(&centre(), &mira, Some((&number("0017"), &first))).await.expect("set");
        let (whose, hash) = db.pin(&centre(), &number("0017")).await.expect("read").expect("one");
        assert!(whose == mira && hash.fits("2580") && !hash.fits("90371"));
        assert!(db.pin(&centre(), &number("17")).await.expect("read").is_none(), "digits are compared, not counts");
        assert!(db.pin(&other, &number("0017")).await.expect("read").is_none(), "another centre has its own");
        set(&other, &mira, Some((&number("0017"), &second))).await.expect("set");
        let taken = set(&centre(), &otto, Some((&number("0017"), &second))).await;
        assert!(matches!(taken, Err(StoreError::Exists { .. })), "{taken:?}");
        let nobody = set(&centre(), &AgentName::new("nobody"), Some((&number("9"), &second))).await;
        assert!(matches!(nobody, Err(StoreError::Missing { .. })), "{nobody:?}");
        set(&centre(), &mira, Some((&number("18"), &second))).await.expect("changed");
        assert!(db.pin(&centre(), &number("0017")).await.expect("read").is_none());
        assert_eq!(db.agent_number(&centre(), &mira).await.expect("read"), Some(number("18")));
        set(&centre(), &otto, Some((&number("0017"), &first))).await.expect("free again");
        set(&centre(), &otto, None).await.expect("dropped");
        set(&centre(), &otto, None).await.expect("as it was");
        let told = db.audit(&centre(), &Which::default(), 50).await.expect("read");
        let told: Vec<_> = told.iter().filter(|entry| entry.what == "agent.pin").collect();
        assert_eq!(told.len(), 4, "each change once, and none that changed nothing");
        let words = format!("{told:?}");
        assert!(!words.contains("90371") && !words.contains("argon2"), "{words}");
        db.dismiss(&centre(), &mira, &Guard::default(), &Author::Console, at(3)).await.expect("taken out");
        assert!(!db.has_pins(&centre()).await.expect("read"));
        assert!(db.has_pins(&other).await.expect("read"));
    }
}
