//! `cordboard user`: the people of a centre, in the database. Who is logged in now is not changed by any of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::process::ExitCode;

use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use cordboard::config::Config;
use cordboard::controller;
use cordboard::dialplan::load_centre;
use cordboard::routing::ids::{AgentName, CentreName, QueueName, SkillName, StationAddress, SwitchName};
use cordboard::store::agents::{HashedPassword, Person, Role};
use cordboard::store::given;
use cordboard::store::people::{Guard, Wanted};
use cordboard::store::{Author, Db};
use cordboard::web::{is_station, own_name};

use super::{At, failed, mistaken, password, within};

/// The people of a centre: add, list, set, password, remove
#[derive(Args)]
#[command(after_help = "Examples:
  cordboard user add mira --display-name \"Mira\" --station PJSIP/1001 --queue desk --skill english=5
  cordboard user add lead --role supervisor --password      asks for the password, or reads it from stdin
  cordboard user set mira --queue desk --queue sales        these queues in the place of those before
  cordboard user list --json

What is changed here holds from the next login on.")]
pub struct User {
    #[command(flatten)]
    at: At,
    /// Which centre; need not be given where there is only one
    #[arg(long, global = true)]
    centre: Option<String>,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// A new person
    Add(Add),
    /// Everybody, with queues and skills
    List {
        /// For programs
        #[arg(long)]
        json: bool,
    },
    /// Change what is given; the rest stays
    Set(Set),
    /// Read a new password: asked for without echo, or the first line of stdin
    Password {
        /// The login name
        name: String,
        /// Take the password away: nobody logs in under this name then
        #[arg(long)]
        none: bool,
    },
    /// Take a person out; what they did stays in the records
    Remove {
        /// The login name
        name: String,
    },
}

#[derive(Args)]
struct Add {
    /// The login name
    name: String,
    /// What others see; the login name unless given
    #[arg(long)]
    display_name: Option<String>,
    #[arg(long, value_enum, default_value = "agent")]
    role: RoleWord,
    #[command(flatten)]
    place: Place,
    /// Read a password: asked for without echo, or the first line of stdin
    #[arg(long)]
    password: bool,
}

#[derive(Args)]
#[command(group(ArgGroup::new("change").multiple(true).required(true)
    .args(["display_name", "role", "station", "queue", "skill", "auto_answer", "no_station", "no_queues", "no_skills"])))]
struct Set {
    /// The login name
    name: String,
    /// What others see
    #[arg(long)]
    display_name: Option<String>,
    #[arg(long, value_enum)]
    role: Option<RoleWord>,
    #[command(flatten)]
    place: Place,
    /// No phone of their own: it is given at each login
    #[arg(long, conflicts_with_all = ["station", "switch"])]
    no_station: bool,
    #[arg(long, conflicts_with = "queue")]
    no_queues: bool,
    #[arg(long, conflicts_with = "skill")]
    no_skills: bool,
}

#[derive(Args)]
struct Place {
    /// Their phone as the switch dials it: PJSIP/1001, user/1001
    #[arg(long)]
    station: Option<String>,
    /// The switch it is on; need not be given where there is only one
    #[arg(long, requires = "station")]
    switch: Option<String>,
    /// Whether the phone is asked to pick up by itself, over what the queue says
    #[arg(long, value_enum)]
    auto_answer: Option<AutoAnswer>,
    /// A queue; may be repeated
    #[arg(long)]
    queue: Vec<String>,
    /// A skill and its level, 1 to 10: english=5; may be repeated
    #[arg(long, value_name = "SKILL=LEVEL", value_parser = skill)]
    skill: Vec<(String, u8)>,
}

#[derive(Clone, Copy, ValueEnum)]
enum AutoAnswer {
    Yes,
    No,
    /// As each queue says
    Queue,
}

#[derive(Clone, Copy, ValueEnum)]
enum RoleWord {
    Agent,
    Supervisor,
    Admin,
}

impl From<RoleWord> for Role {
    fn from(word: RoleWord) -> Self {
        match word {
            RoleWord::Agent => Role::Agent,
            RoleWord::Supervisor => Role::Supervisor,
            RoleWord::Admin => Role::Admin,
        }
    }
}

fn skill(text: &str) -> Result<(String, u8), String> {
    let (name, level) = text.split_once('=').ok_or("write it as english=5")?;
    match level.parse() {
        Ok(level @ 1..=10) if !name.is_empty() => Ok((name.to_owned(), level)),
        Ok(_) | Err(_) => Err("a level is 1 to 10, as in english=5".into()),
    }
}

/// The database with our tables in it.
///
/// # Errors
/// In words.
pub async fn open(config: &Config) -> Result<Db, String> {
    // Where the database is unless told otherwise; people may be added before the first `serve`.
    std::fs::create_dir_all(&config.data).map_err(|error| format!("{}: {error}", config.data.display()))?;
    let db = Db::connect(&config.database).map_err(|error| error.to_string())?;
    db.migrate().await.map_err(|error| error.to_string())?;
    Ok(db)
}

pub fn run(user: User) -> ExitCode {
    let config = match user.at.load() {
        Ok(config) => config,
        Err(code) => return code,
    };
    let centre = match centre(&config, user.centre.as_deref()) {
        Ok(centre) => centre,
        Err(why) => return mistaken(&why),
    };
    let order = match order(&config, &centre, user.what) {
        Ok(order) => order,
        Err(why) => return failed(&why),
    };
    let done = within(async {
        let db = open(&config).await?;
        let done = carry_out(&db, &centre, order).await;
        db.close().await;
        done
    });
    match done {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(why) => failed(&why),
    }
}

/// The centre that is meant.
///
/// # Errors
/// In words.
pub fn centre(config: &Config, given: Option<&str>) -> Result<CentreName, String> {
    let names: Vec<&str> = config.centres.keys().map(|name| name.as_str()).collect();
    match (given, names.as_slice()) {
        (Some(given), names) if names.contains(&given) => Ok(CentreName::new(given)),
        (Some(given), names) => Err(format!("there is no centre {given:?}; there are {}", names.join(", "))),
        (None, [only]) => Ok(CentreName::new(only)),
        (None, names) => Err(format!("say which: --centre {}", names.join(", --centre "))),
    }
}

/// What is to be done, checked and with its password: nothing is half done because of a slip.
enum Order {
    Add { name: AgentName, wanted: Wanted },
    List { json: bool },
    Set { name: AgentName, wanted: Wanted },
    Password { name: AgentName, password: Option<HashedPassword> },
    Remove { name: AgentName },
}

fn order(config: &Config, centre: &CentreName, what: What) -> Result<Order, String> {
    let hashed = |twice: bool| {
        let password = password::read(twice)?;
        HashedPassword::of(&password).map_err(|error| error.to_string())
    };
    Ok(match what {
        What::Add(Add { name, display_name, role, place, password }) => {
            let name = own_name(&name)?;
            let display_name = display(display_name.unwrap_or_else(|| name.to_string()))?;
            let mut wanted = wanted(config, centre, place)?;
            wanted.password = if password { Some(Some(hashed(true)?)) } else { None };
            (wanted.display_name, wanted.role) = (Some(display_name), Some(role.into()));
            Order::Add { name, wanted }
        }
        What::List { json } => Order::List { json },
        What::Set(Set { name, display_name, role, place, no_station, no_queues, no_skills }) => {
            let mut wanted = wanted(config, centre, place)?;
            if no_station {
                wanted.station = Some(None);
            }
            if no_queues {
                wanted.queues = Some(BTreeSet::new());
            }
            if no_skills {
                wanted.skills = Some(BTreeMap::new());
            }
            wanted.display_name = display_name.map(display).transpose()?;
            wanted.role = role.map(Role::from);
            Order::Set { name: own_name(&name)?, wanted }
        }
        What::Password { name, none } => {
            let name = own_name(&name)?;
            Order::Password { name, password: if none { None } else { Some(hashed(true)?) } }
        }
        What::Remove { name } => Order::Remove { name: own_name(&name)? },
    })
}

fn display(name: String) -> Result<String, String> {
    given::display_name(&name).map_err(|error| error.to_string())?;
    Ok(name)
}

/// Names that the centre does not have are slips of the pen, found now and not at the next login.
fn wanted(config: &Config, centre: &CentreName, place: Place) -> Result<Wanted, String> {
    let Place { station, switch, auto_answer, queue, skill } = place;
    let auto_answer = auto_answer.map(|word| match word {
        AutoAnswer::Yes => Some(true),
        AutoAnswer::No => Some(false),
        AutoAnswer::Queue => None,
    });
    let mut wanted = Wanted { auto_answer, ..Wanted::default() };
    if let Some(station) = station {
        if !is_station(&station) {
            return Err(format!(
                "{station:?} is no station; write it as the switch dials it: PJSIP/1001, user/1001, or tel:+8613800138000"
            ));
        }
        let names: Vec<&SwitchName> = config.switches.keys().collect();
        let switch = match (&switch, names.as_slice()) {
            (Some(given), names) => names.iter().find(|name| name.as_str() == given.as_str()).copied(),
            (None, [only]) => Some(*only),
            (None, _) => None,
        };
        let listed = || names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
        let switch =
            switch.ok_or_else(|| format!("say which switch the station is on: --switch, one of {}", listed()))?;
        wanted.station = Some(Some((switch.clone(), StationAddress::typed(&station))));
    }
    if queue.is_empty() && skill.is_empty() {
        return Ok(wanted);
    }
    let directory = config.centres.get(centre).map(|centre| centre.directory.clone()).unwrap_or_default();
    match load_centre(centre, &directory) {
        Ok(plan) => {
            if let Some(queue) = queue.iter().find(|queue| !plan.queues.contains_key(&QueueName::new(queue))) {
                return Err(format!("there is no queue {queue:?} in {centre}"));
            }
            if let Some((skill, _)) = skill.iter().find(|(skill, _)| !plan.skills.contains(&SkillName::new(skill))) {
                return Err(format!("there is no skill {skill:?} in {centre}"));
            }
        }
        Err(_) => eprintln!("the YAML of {centre} cannot be read, so queues and skills are taken as they are given"),
    }
    if !queue.is_empty() {
        wanted.queues = Some(queue.iter().map(QueueName::new).collect());
    }
    if !skill.is_empty() {
        wanted.skills = Some(skill.iter().map(|(skill, level)| (SkillName::new(skill), *level)).collect());
    }
    Ok(wanted)
}

async fn carry_out(db: &Db, centre: &CentreName, order: Order) -> Result<String, String> {
    // Whoever has a shell here may do anything: no stamp, and the last admin may go.
    let (author, guard, at) = (Author::Console, Guard::default(), controller::clock()());
    let done = async {
        match order {
            Order::Add { name, wanted } => {
                db.engage(centre, &name, &wanted, &author, at).await?;
                Ok(format!("{name} is added to {centre}\n"))
            }
            Order::List { json } => {
                let people = db.people(centre).await?;
                Ok(if json { as_json(&people) } else { as_table(&people) })
            }
            Order::Set { name, wanted } => {
                db.change_person(centre, &name, &wanted, &guard, &author, at).await?;
                Ok(format!("{name} is changed; it holds from the next login on\n"))
            }
            Order::Password { name, password } => {
                let text = format!("{name} has {} password\n", if password.is_some() { "a new" } else { "no" });
                let wanted = Wanted { password: Some(password), ..Wanted::default() };
                db.change_person(centre, &name, &wanted, &guard, &author, at).await?;
                Ok(text)
            }
            Order::Remove { name } => {
                db.dismiss(centre, &name, &guard, &author, at).await?;
                Ok(format!("{name} is removed; whoever is logged in under this name stays so until they log out\n"))
            }
        }
    };
    done.await.map_err(|error: cordboard::store::StoreError| error.to_string())
}

fn as_json(people: &[Person]) -> String {
    let people: Vec<_> = people
        .iter()
        .map(|person| {
            let (switch, station) = person.station.clone().unzip();
            serde_json::json!({
                "name": person.name, "display_name": person.display_name, "role": person.role.as_str(),
                "has_password": person.has_password, "switch": switch, "station": station,
                "auto_answer": person.auto_answer, "queues": person.queues, "skills": person.skills,
            })
        })
        .collect();
    format!("{}\n", serde_json::Value::from(people))
}

fn as_table(people: &[Person]) -> String {
    let head = ["NAME", "DISPLAY NAME", "ROLE", "PASSWORD", "STATION", "QUEUES", "SKILLS"].map(str::to_owned);
    let or_none = |text: String| if text.is_empty() { "-".to_owned() } else { text };
    let rows = people.iter().map(|person| {
        let queues: Vec<&str> = person.queues.iter().map(|queue| queue.as_str()).collect();
        let skills: Vec<String> = person.skills.iter().map(|(skill, level)| format!("{skill}={level}")).collect();
        [
            person.name.to_string(),
            person.display_name.clone(),
            person.role.as_str().to_owned(),
            if person.has_password { "yes" } else { "no" }.to_owned(),
            or_none(
                person.station.as_ref().map(|(switch, station)| format!("{station} ({switch})")).unwrap_or_default(),
            ),
            or_none(queues.join(" ")),
            or_none(skills.join(" ")),
        ]
    });
    let rows: Vec<[String; 7]> = std::iter::once(head).chain(rows).collect();
    let widths: Vec<usize> = (0..7)
        .map(|column| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0))
        .collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            // Writing into a string does not fail.
            let _ = write!(line, "{cell:width$}  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
