//! Who waits, on the floor's page and on the page of a call: in which place, and for how long yet.

use cordboard::switch::rehearsal::World;

use crate::browser::Browser;
use crate::desk::{Desk, PATIENCE};

const HOSTILE: &str = "<b onclick=alert(1)>";

/// The part of the page, without what stands around it.
fn line_up(page: &str) -> &str {
    let (_, rest) = page.split_once("<section id=\"floor-waiting\"").expect("it is on the page");
    rest.split_once("</section>").expect("it ends").0
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_wait_stand_in_their_order_ten_at_most_and_move_up() {
    let desk = Desk::open().await;
    let boss = Browser::supervisor(&desk).await;
    assert!(line_up(&boss.see("/floor").await).contains(" hidden"), "nobody waits");
    let mut stream = boss.stream().await;
    let mut legs = Vec::new();
    for n in 1..=12 {
        let name = if n == 1 { HOSTILE.to_owned() } else { format!("Caller {n:02}") };
        legs.push(desk.call(&name));
        // One after the other, so that the order is theirs.
        let waits = format!("<b><a href=\"/calls?outcome=live&amp;queue=desk\">{n}</a></b>");
        boss.until("/floor", |page| page.contains(&waits)).await;
    }
    let page = boss.see("/floor").await;
    let line = line_up(&page);
    assert_eq!(line.matches("<li>").count(), 10, "{line}");
    assert!(!line.contains(HOSTILE) && line.contains("onclick=alert(1)"), "as text: {line}");
    assert!(line.find("Caller 02") < line.find("Caller 10") && !line.contains("Caller 11"), "{line}");
    for text in ["<span class=\"nth\">10</span>", "2 more wait", "not known yet"] {
        assert!(line.contains(text), "no {text} in {line}");
    }
    // The call's own page says so too, and moves with the others.
    let (_, behind) = line.split_once("Caller 02").expect("there").0.rsplit_once("/calls/").expect("a link");
    let call = format!("/calls/{}", behind.split('"').next().expect("an id"));
    let shown = boss.until(&call, |page| page.contains("waiting, place 2")).await;
    assert!(shown.contains("data-moved=\"*\""), "{shown}");
    desk.rehearsal.happen(World::CallerHangsUp { leg: legs.remove(0) });
    boss.until(&call, |page| page.contains("waiting, place 1")).await;
    let first = |pieces: &str| {
        pieces.contains("id=\"floor-waiting\"") && {
            let line = line_up(pieces);
            !line.contains("onclick") && line.contains("Caller 11") && line.contains("one more waits")
        }
    };
    stream.until("pieces", first).await;
    assert!(boss.see_in_chinese("/floor").await.contains("\u{6392}\u{961f}\u{660e}\u{7ec6}"));
    // What hangs on the wall is for everybody's eyes.
    assert!(!boss.see("/floor?wall=1").await.contains("Caller 02"));
    let began = std::time::Instant::now();
    for leg in legs {
        desk.rehearsal.happen(World::CallerHangsUp { leg });
    }
    while !line_up(&boss.see("/floor").await).contains(" hidden") {
        assert!(began.elapsed() < PATIENCE, "they have gone");
    }
    desk.close().await;
}
