//! Sessions, and what ends them.

use cordboard::routing::ids::{AgentName, CentreName};
use cordboard::store::Author;
use cordboard::store::agents::HashedPassword;
use cordboard::store::people::{Answer, Guard, Wanted};
use cordboard::store::sessions::Token;

use crate::Both;
use crate::shift::at;

#[tokio::test(flavor = "multi_thread")]
async fn with_a_new_password_by_whatever_way_those_who_had_the_old_one_are_out() {
    let both = Both::new().await;
    let (hall, mira, otto) = (CentreName::new("hall"), AgentName::new("mira"), AgentName::new("otto"));
    let with = |password: &str| Wanted {
        password: Some(Some(HashedPassword::of(password).expect("hashed"))),
        ..Wanted::default()
    };
    for db in &both.all {
        let mut tokens = Vec::new();
        for name in [&mira, &otto] {
            db.engage(&hall, name, &with("correct horse"), &Author::Console, at(0)).await.expect("added");
            let token = Token::new().expect("chance");
            db.begin_session(&token.hash(), &hall, name, "127.0.0.1", at(1)).await.expect("begun");
            tokens.push(token);
        }
        let found = async |place: usize| db.session(&tokens[place].hash(), at(2)).await.expect("read").is_some();
        assert_eq!((found(0).await, found(1).await), (true, true));
        let change = async |wanted: Wanted| {
            db.change_person(&hall, &mira, &wanted, &Guard::default(), &Author::Console, at(2)).await.expect("changed")
        };
        let named = Wanted { display_name: Some("Mira Osei".into()), ..Wanted::default() };
        assert_eq!((change(named).await, found(0).await), (Answer::Changed, true), "a name is no reason");
        assert_eq!(change(with("battery staple")).await, Answer::Changed);
        assert_eq!((found(0).await, found(1).await), (false, true));
    }
}
