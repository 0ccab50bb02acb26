//! What was asked and is not answered yet. Pure bookkeeping: frames in, answers to whoever waits, news back out.
//!
//! An answer is matched by the number in its ActionID alone. A question whose waiter is gone stays known until it is
//! answered, so that its answer is thrown away and never given to another, and the items of its list are never taken
//! for news.

use std::collections::BTreeMap;

use tokio::sync::oneshot;

use super::client::{AmiError, List};
use super::codec::{Frame, Kind};
use super::events::Received;

/// The most questions without an answer. What is beyond waits in the queue to be written.
pub const MOST_IN_FLIGHT: usize = 4_096;

/// The longest list collected: five times the channels of the largest centre.
pub const MOST_LIST_ITEMS: usize = 50_000;

/// The most bytes of one list; a channel's item has 850.
pub const MOST_LIST_BYTES: usize = 48 << 20;

/// How much of a refusal's words is kept, in characters.
const LONGEST_REFUSAL: usize = 400;

/// A question that is to be written.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) number: u64,
    pub(super) waiter: Waiter,
}

#[derive(Debug)]
pub(super) enum Waiter {
    One(oneshot::Sender<Result<Frame, AmiError>>),
    List(oneshot::Sender<Result<List, AmiError>>),
}

impl Waiter {
    /// Tells whoever waits.
    pub(super) fn fail(self, why: AmiError) {
        Asked::from(self).fail(why);
    }
}

/// What became of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answered {
    /// Somebody has it.
    Delivered,
    /// Nobody waited any more.
    Late,
    /// Nobody asked.
    Strange,
}

/// What became of an event.
#[derive(Debug)]
pub(super) enum Sorted {
    /// It is news, for the driver.
    News(Received),
    /// It was an item of a list.
    Item,
    /// It was an item of a list for which nobody waits.
    LateItem,
}

/// A question that is not answered yet, or not to its end.
#[derive(Debug)]
enum Asked {
    One(oneshot::Sender<Result<Frame, AmiError>>),
    List(oneshot::Sender<Result<List, AmiError>>),
    Listing(Box<Listing>),
    /// A list for which nobody waits.
    Unwanted,
    /// Asked by the connection itself.
    Ping,
}

#[derive(Debug)]
struct Listing {
    to: oneshot::Sender<Result<List, AmiError>>,
    list: List,
    bytes: usize,
}

impl Asked {
    fn is_wanted(&self) -> bool {
        match self {
            Asked::One(to) => !to.is_closed(),
            Asked::List(to) => !to.is_closed(),
            Asked::Listing(listing) => !listing.to.is_closed(),
            Asked::Unwanted | Asked::Ping => false,
        }
    }

    /// Tells whoever waits; false when nobody did.
    fn fail(self, why: AmiError) -> bool {
        match self {
            Asked::One(to) => to.send(Err(why)).is_ok(),
            Asked::List(to) => to.send(Err(why)).is_ok(),
            Asked::Listing(listing) => listing.to.send(Err(why)).is_ok(),
            Asked::Unwanted | Asked::Ping => true,
        }
    }
}

impl From<Waiter> for Asked {
    fn from(waiter: Waiter) -> Self {
        match waiter {
            Waiter::One(to) => Asked::One(to),
            Waiter::List(to) => Asked::List(to),
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Questions {
    asked: BTreeMap<u64, Asked>,
}

impl Questions {
    /// Before it is written.
    pub(super) fn ask(&mut self, question: Question) {
        self.asked.insert(question.number, question.waiter.into());
    }

    /// The connection's own, before it is written.
    pub(super) fn ping(&mut self, number: u64) {
        self.asked.insert(number, Asked::Ping);
    }

    /// Whether more may be asked. Where there is no room, what nobody waits for is forgotten.
    pub(super) fn have_room(&mut self) -> bool {
        if self.asked.len() >= MOST_IN_FLIGHT {
            self.asked.retain(|_, asked| asked.is_wanted());
        }
        self.asked.len() < MOST_IN_FLIGHT
    }

    /// Whether anybody waits for anything.
    pub(super) fn any_wanted(&self) -> bool {
        self.asked.values().any(Asked::is_wanted)
    }

    /// Gives a response, the frame of this number, to whoever asked.
    pub(super) fn answer(&mut self, response: Frame, question: Option<u64>, frame_number: u64) -> Answered {
        let Some((number, asked)) = question.and_then(|number| Some((number, self.asked.remove(&number)?))) else {
            return Answered::Strange;
        };
        let list_follows = response.get("EventList").is_some_and(|value| value.eq_ignore_ascii_case(b"start"));
        let delivered = match (asked, refusal(&response).map(AmiError::Refused)) {
            (asked, Some(refused)) => asked.fail(refused),
            (Asked::Ping, None) => true,
            (Asked::One(to), None) => {
                if list_follows {
                    self.asked.insert(number, Asked::Unwanted);
                }
                to.send(Ok(response)).is_ok()
            }
            (Asked::List(to), None) => {
                let (began, ended) = (frame_number, frame_number);
                let list = List { response, items: Vec::new(), complete: None, began, ended };
                if list_follows {
                    self.asked.insert(number, Asked::Listing(Box::new(Listing { to, list, bytes: 0 })));
                    true
                } else {
                    to.send(Ok(list)).is_ok()
                }
            }
            // A second response to the same question: seen of no Asterisk.
            (asked @ (Asked::Listing(_) | Asked::Unwanted), None) => {
                self.asked.insert(number, asked);
                return Answered::Strange;
            }
        };
        if delivered { Answered::Delivered } else { Answered::Late }
    }

    /// Takes an item of a list that is under way; gives back what is news.
    pub(super) fn sort(&mut self, event: Received, question: Option<u64>) -> Sorted {
        let Some(number) = question else { return Sorted::News(event) };
        match self.asked.remove(&number) {
            Some(Asked::Listing(listing)) => self.collect(number, listing, event),
            Some(Asked::Unwanted) => {
                if list_end(&event.frame).is_none() {
                    self.asked.insert(number, Asked::Unwanted);
                }
                Sorted::LateItem
            }
            // An event about an action and not an item: OriginateResponse.
            Some(asked @ (Asked::One(_) | Asked::List(_) | Asked::Ping)) => {
                self.asked.insert(number, asked);
                Sorted::News(event)
            }
            None => Sorted::News(event),
        }
    }

    fn collect(&mut self, number: u64, mut listing: Box<Listing>, event: Received) -> Sorted {
        let delivered = match list_end(&event.frame) {
            Some(ListEnd::Complete) => {
                listing.list.ended = event.number;
                listing.list.complete = Some(event.frame);
                listing.to.send(Ok(listing.list)).is_ok()
            }
            Some(ListEnd::Cancelled) => {
                listing.to.send(Err(AmiError::Refused("the list was cancelled".into()))).is_ok()
            }
            None if listing.to.is_closed() => {
                self.asked.insert(number, Asked::Unwanted);
                false
            }
            None => {
                listing.bytes += event.frame.bytes().len();
                listing.list.items.push(event);
                if listing.list.items.len() > MOST_LIST_ITEMS || listing.bytes > MOST_LIST_BYTES {
                    self.asked.insert(number, Asked::Unwanted);
                    let what = format!("a list of more than {MOST_LIST_ITEMS} items or {MOST_LIST_BYTES} bytes");
                    listing.to.send(Err(AmiError::Garbled(what))).is_ok()
                } else {
                    self.asked.insert(number, Asked::Listing(listing));
                    true
                }
            }
        };
        if delivered { Sorted::Item } else { Sorted::LateItem }
    }

    /// Tells whoever waits for a message that could not be read; false when it is nobody's.
    pub(super) fn garbled(&mut self, question: Option<u64>, what: &str) -> bool {
        let Some((number, asked)) = question.and_then(|number| Some((number, self.asked.remove(&number)?))) else {
            return false;
        };
        match asked {
            // Its items may still come.
            Asked::List(_) | Asked::Listing(_) | Asked::Unwanted => {
                self.asked.insert(number, Asked::Unwanted);
            }
            Asked::One(_) | Asked::Ping => {}
        }
        asked.fail(AmiError::Garbled(what.to_owned()));
        true
    }

    /// Tells everybody who waits.
    pub(super) fn fail_all(&mut self, why: &AmiError) {
        for (_, asked) in std::mem::take(&mut self.asked) {
            asked.fail(why.clone());
        }
    }
}

enum ListEnd {
    Complete,
    Cancelled,
}

fn list_end(frame: &Frame) -> Option<ListEnd> {
    let value = frame.get("EventList")?;
    if value.eq_ignore_ascii_case(b"Complete") {
        Some(ListEnd::Complete)
    } else if value.eq_ignore_ascii_case(b"Cancelled") {
        Some(ListEnd::Cancelled)
    } else {
        None
    }
}

/// The words of a refusal; `None` where the response is none.
fn refusal(response: &Frame) -> Option<String> {
    let outcome: &[u8] = match response.kind() {
        Kind::Response(outcome) => outcome,
        Kind::Event(_) | Kind::Other => b"no response",
    };
    let good: [&[u8]; 4] = [b"Success", b"Goodbye", b"Follows", b"Pong"];
    if good.iter().any(|good| outcome.eq_ignore_ascii_case(good)) {
        return None;
    }
    // A command's refusal says `Command output follows`, and the reason is in the output.
    let output = response.output().first().map(|line| String::from_utf8_lossy(line).into_owned());
    let message = output
        .or_else(|| response.text("Message").map(|message| message.into_owned()))
        .unwrap_or_else(|| String::from_utf8_lossy(outcome).into_owned());
    Some(message.trim().chars().filter(|c| !c.is_control()).take(LONGEST_REFUSAL).collect())
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    fn item(number: u64) -> Received {
        Received { frame: Frame::from_lines("Event: Item\r\nActionID: 1"), number, read_at: Instant::now() }
    }

    #[test]
    fn a_refusal_is_in_the_words_of_the_switch() {
        let words = |lines: &'static str| refusal(&Frame::from_lines(lines));
        assert_eq!(words("Response: Error\r\nMessage: No Contacts found\n").as_deref(), Some("No Contacts found"));
        assert_eq!(
            words("Response: Error\r\nMessage: Command output follows\r\nOutput: No such command 'x'").as_deref(),
            Some("No such command 'x'")
        );
        assert_eq!(words("Response: Error").as_deref(), Some("Error"));
        assert_eq!(words("Response: Success"), None);
    }

    #[tokio::test]
    async fn a_list_without_end_is_given_up_and_its_memory_with_it() {
        let mut questions = Questions::default();
        let (to, answer) = oneshot::channel();
        questions.ask(Question { number: 1, waiter: Waiter::List(to) });
        let response = Frame::from_lines("Response: Success\r\nEventList: start");
        assert_eq!(questions.answer(response, Some(1), 1), Answered::Delivered);
        for number in 0..=MOST_LIST_ITEMS as u64 {
            assert!(matches!(questions.sort(item(number), Some(1)), Sorted::Item));
        }
        assert!(matches!(answer.await, Ok(Err(AmiError::Garbled(_)))));
        assert!(matches!(questions.sort(item(9), Some(1)), Sorted::LateItem));
    }

    #[tokio::test]
    async fn questions_nobody_waits_for_give_way_to_new_ones_and_only_they() {
        let mut questions = Questions::default();
        let mut answers = Vec::new();
        for number in 0..MOST_IN_FLIGHT as u64 {
            let (to, answer) = oneshot::channel();
            questions.ask(Question { number, waiter: Waiter::One(to) });
            answers.push(answer);
        }
        assert!(!questions.have_room());
        answers.truncate(10);
        assert!(questions.have_room());
        assert_eq!(questions.answer(Frame::from_lines("Response: Success"), Some(9), 1), Answered::Delivered);
        assert_eq!(questions.answer(Frame::from_lines("Response: Success"), Some(10), 2), Answered::Strange);
    }
}
