//! Cases without a database: what people can do with one, and what its clock does.

mod clock;
mod owners;
mod states;

use cordboard::calendar::Moment;
use cordboard::cases::{Case, CaseNumber, CaseTypeName, Changed, Event, Opening, Refusal, Rules, Target};
use cordboard::customers::{Line, Note};
use cordboard::dialplan::{Centre, CentreFiles, read_centre};
use cordboard::organisation::DepartmentName;
use cordboard::routing::ids::{AgentName, CentreName};

/// Stock below finance below the board; a hall with a superior too.
const CENTRE: &str = r#"
language: 1
name: Test
zone: Europe/Berlin
languages: [en]
numbers: ["100"]
start: bye
steps: { bye: [ hang_up ] }
hours: { office: { week: "mon-fri 09:00-17:00", holidays: [feasts] } }
holidays: { feasts: { 2026-10-03: Unity, 2026-12-25 to 2026-12-26: Christmas } }
departments:
  hall: { name: Hall, head: hanna, people: [anna, ben], superior: board }
  finance: { name: Finance, head: deng_kai, stand_ins: [wu_min], people: [sun_yu], superior: board }
  stock: { name: Stock, head: otto, superior: finance }
  board: { name: Board, head: he_lan }
dispositions: { refunded: Refunded, refused: Refused }
cases:
  refund: { name: Refund, department: finance, deadline: 8h, hours: office, dispositions: [refunded, refused] }
  complaint: { name: Complaint, department: hall, deadline: 8h, escalate_after: 2h }
  goods: { name: Goods, department: stock, deadline: 4h }
"#;

pub fn centre() -> Centre {
    read(CENTRE)
}

pub fn read(text: &str) -> Centre {
    let files = CentreFiles { yaml: vec![("main.yaml".into(), text.as_bytes().to_vec())], recordings: None };
    read_centre(&CentreName::new("test"), &files).unwrap_or_else(|mistakes| panic!("\n{mistakes}\n"))
}

/// In the centre's zone.
pub fn at(clock: &str) -> Moment {
    let stamp = format!("{clock}[Europe/Berlin]").parse::<jiff::Zoned>().expect("a moment").timestamp();
    Moment::from_ms(stamp.as_millisecond())
}

pub fn who(name: &str) -> AgentName {
    AgentName::new(name)
}

pub fn note(text: &str) -> Note {
    Note::of(text).expect("a note")
}

pub fn to_person(name: &str) -> Target {
    Target::Person(who(name))
}

pub fn to_department(name: &str) -> Target {
    Target::Department(DepartmentName::new(name))
}

pub fn opening(kind: &str) -> Opening {
    Opening {
        kind: CaseTypeName::new(kind),
        title: Line::of("The ticket was paid twice").expect("a line"),
        wanted: note("Paid on the 3rd and on the 4th."),
        customer: None,
        call: None,
        to: None,
        by: who("anna"),
    }
}

/// A case and all of its history, as one hand holds it.
pub struct Held {
    pub case: Case,
    pub story: Vec<Event>,
}

impl Held {
    pub fn open(kind: &str, clock: &str, rules: Rules<'_>) -> Self {
        Self::opened(opening(kind), clock, rules)
    }

    pub fn opened(opening: Opening, clock: &str, rules: Rules<'_>) -> Self {
        let number = CaseNumber::new(7).expect("a number");
        let Changed { case, events } = Case::open(number, opening, at(clock), rules).expect("opened");
        Self { case, story: events }
    }

    pub fn does(&mut self, change: impl FnOnce(Case) -> Result<Changed, Refusal>) {
        self.tries(change).unwrap_or_else(|refusal| panic!("{refusal}"));
    }

    /// What refuses changes nothing.
    pub fn tries(&mut self, change: impl FnOnce(Case) -> Result<Changed, Refusal>) -> Result<(), Refusal> {
        let Changed { case, events } = change(self.case.clone())?;
        self.case = case;
        self.story.extend(events);
        assert_eq!(self.case.version, self.story.len() as u64, "each change has its entry");
        Ok(())
    }

    pub fn accepted_by(&mut self, name: &str, clock: &str, rules: Rules<'_>) {
        self.does(|case| case.accept(&who(name), at(clock), rules));
    }

    /// Looks at the clock. Says how many entries that made.
    pub fn looked_at(&mut self, clock: &str, rules: Rules<'_>) -> usize {
        let before = self.story.len();
        if let Some(Changed { case, events }) = self.case.clone().wake(at(clock), rules) {
            self.case = case;
            self.story.extend(events);
        }
        assert!(self.case.clone().wake(at(clock), rules).is_none(), "a second look finds nothing");
        self.story.len() - before
    }

    /// `state owner`, as a list shows it.
    pub fn shown(&self) -> String {
        let owner = &self.case.owner;
        let owner = owner.person.as_ref().map_or(owner.department.as_str(), |person| person.as_str());
        format!("{} {owner}", self.case.state.as_str())
    }

    pub fn due(&self) -> Moment {
        self.case.due.expect("a running clock")
    }

    /// When and what, of the last so many entries.
    pub fn last(&self, count: usize) -> Vec<(Moment, &'static str)> {
        self.story.iter().rev().take(count).rev().map(|event| (event.at, event.what.as_str())).collect()
    }
}
