//! Cordboard: a customer service centre for the switch somebody already runs.
//!
//! A controller outside an existing Asterisk (over AMI; FreeSWITCH over its Event Socket is to come) decides who gets
//! which call. The switch carries the media. This page is the table of contents: the rooms, the words, and what
//! always holds.
//!
//! # Rooms, and which way the arrows point
//!
//! ```text
//! main.rs      the command line's entry; command/: one file for each subcommand, records.rs beside serve
//! config.rs    cordboard.yaml -> checked types. Nobody else reads the environment or a configuration file.
//! calendar/    moments, zones, opening hours, working time. Pure.
//! dialplan/    the YAML language: read (every mistake at its line), check, walk. Pure.
//! organisation/ departments, who works in them, who stands above whom. Pure.
//! customers/   who callers are: their numbers in one form, what may be written about them. Pure.
//! cases/       what is to be settled: owners, deadlines that stop and go, escalation. Pure.
//! routing/     THE CORE: calls, agents, queues, offers, timers, recovery. Pure: inputs in, effects and facts out.
//! reports/     from stays in queues to figures that balance and open to their calls. Pure.
//! switch/      the wire. asterisk/ (AMI), rehearsal/ (a switch in memory). Frames to inputs, effects to frames.
//! speech/      prompts as sound files where the switch finds them.
//! rehearse/    the core on days that a scenario describes or a log has seen, on a clock that does not wait; their figures.
//! controller/  the loop: an input, the core, each effect. Owns the clock, journal/ (the local record), recovery.
//! store/       SQL, filled from the journal: one file for each table, one that names a database driver.
//! events/      facts as programs outside are told them: the latest in memory, hooks to addresses elsewhere.
//! web/         HTTP: api/ for programs, pages/ for people, one file or folder for each noun.
//! ```
//!
//! Beside them: `templates/` (pages, styles, scripts, both languages; `build.rs` joins them and what comes from npm),
//! `migrations/`, `dialplans/` (centres to begin from), `ops/`, `tests/` (one folder for each room, and the live switch).
//!
//! | room | may use, of ours |
//! |---|---|
//! | calendar, dialplan, organisation, customers, cases, routing, reports | each other's types; no tokio, no SQL, no HTTP, no clock, no chance |
//! | config | dialplan's reader, routing's ids |
//! | speech | config, dialplan, routing's ids |
//! | switch | the pure rooms |
//! | store | the pure rooms |
//! | controller | the pure rooms, config, speech, switch, store |
//! | rehearse | the pure rooms, switch, store, and the controller's journal and kept versions |
//! | events | the pure rooms, config, store, and the controller through its `Handle` |
//! | web | the pure rooms, config, store, events, and the controller through its `Handle` |
//! | command | everything |
//!
//! `tests/house/` reads the `use crate::` lines and fails on any other arrow.
//!
//! # The way of a call
//!
//! ```text
//! switch says      switch/asterisk/legs.rs      frames -> Input
//! loop takes it    controller/turn.rs           hear() finds the centre, turn() asks the core
//! core decides     routing/core.rs              handle(): walking.rs (dialplan), matching.rs (who meets whom),
//!                                               offering.rs (ring), connecting.rs (talk, end), people.rs (agents)
//! written          controller/journal/          input + facts, one line; then, and only then,
//! done             switch/asterisk/orders.rs    Effect -> actions; its result comes back as an input
//! told             store/ by controller/filler  facts -> SQL; events/ and web/api/events.rs show them live
//! ```
//!
//! After a start or a reconnect: `controller/journal` gives [`routing::Known`] (the facts folded, `routing/known.rs`), the
//! switch gives one snapshot with the tags that stand on its channels (`routing/tag.rs`), and `routing/recovery.rs` compares
//! the two and gives places back (`remember_call`); for a call that the journal does not know, `walking.rs` does
//! (`take_place_back`); for a conversation that it does not know, `found_talking.rs`.
//!
//! # The way of a request
//!
//! ```text
//! somebody asks    web/api (a handler)            -> an Agent... input (routing/input.rs) through controller::Handle
//! core decides     routing/people.rs            does it, or says why not: `Refused`
//! recorded         routing/fact.rs              folded for restarts in known.rs, put into SQL by store/fill.rs
//! answered         web/api/answer.rs              every refusal and error in one form
//! counted          controller/measure.rs        what of it /metrics and the log say
//! ```
//!
//! # The way of a page
//!
//! ```text
//! somebody looks   web/guard.rs, pages/guard.rs   no other site's page; pages/who.rs: whose session, and may their role
//! it is gathered   pages/<noun>/                shown.rs, list.rs or drawn.rs: a struct, all of it in the centre of who looks
//! drawn            templates/<noun>/            one file for the page, `_piece.html` for what changes while it is open
//! kept alive       pages/live.rs: Hub, Live      one stream for each browser; what changed is drawn once for all who see it
//! pressed          pages/<noun>/actions.rs      to controller::Handle as a program would, or to store/; answers with pieces
//! said             templates/languages/         pages/words.rs; a refusal of the core: pages/refusal.rs and problems.ftl;
//!                                               the heads of a report's columns, which CSV has too: reports/words.rs
//! ```
//!
//! # Where a thing is read and kept
//!
//! ```text
//! the YAML of a centre    dialplan/read/ (steps.rs, queues.rs, hours.rs, ...) into dialplan/action.rs, routing/queue.rs
//!                         (a queue's rules and their defaults), calendar/week.rs (the text of opening hours)
//! cordboard.yaml          config.rs, config/read.rs
//! a switch is started     controller/{prepare,turn}.rs, from config.rs; the port and its promises are switch/mod.rs
//! holidays, whether open  calendar/hours.rs, asked by dialplan/walk.rs
//! Asterisk's oddities     switch/asterisk/driver/ (mending.rs heals what it loses, refusals.rs knows its words, answers.rs
//!                         what became of an order); why a phone did not come: switch/asterisk/legs.rs: failure
//! departments, types of case, dispositions  dialplan/read/{departments,cases,dispositions}.rs into organisation/, cases/kind.rs
//! numbers that are dialled routing/dialling.rs by routing/dial_out.rs (what may be; dialplan/read/dial_out.rs); store/dials.rs, web/api/dials.rs
//! call-backs that are owed  routing/promising.rs makes them, keeping.rs keeps them (by the lines of matching.rs and the
//!                         dials of dialling.rs); reaching.rs where the customer is rung first; held.rs: why nobody is
//!                         sought just now; dialplan/read/call_backs.rs, dialplan/numbering.rs (on which number);
//!                         store/promises.rs, web/api/promises.rs, pages/calls/owed.rs; their line of the report:
//!                         reports/call_backs.rs, store/call_back_report.rs; their laws: tests/laws/owed.rs
//! what phones do          switch/asterisk/devices.rs; controller/phones.rs keeps it of all; a core is told of those in use by agents
//! the order in a queue    routing/call.rs: QueuePlace::rank; who of the free, routing/strategy/ (one file each) in the lines
//!                         of routing/index.rs, matched by matching.rs: offer_to_best; several phones for one call, and
//!                         which ring is taken back for whom nobody rings: rings.rs (why it was: routing/words.rs,
//!                         pages/calls/told.rs; its law: tests/laws/laws.rs); read by dialplan/read/strategies.rs
//! a telephone outside     (`tel:...` as a station) routing/outside.rs: how it is rung, the key that makes a pick-up an answer;
//!                         what is asked there: dialplan/question.rs
//! a line that is held open (`held:...` as a station) routing/held_line.rs; its tone: speech/tone.rs
//! agents at their keypad  `agent:` of a step: dialplan/keypad.rs, routing/keypad.rs; whose phone it is: controller/keypad.rs;
//!                         number and PIN: controller/{withheld,guesses}.rs, store/pins.rs, pages/people/pin.rs
//! who may take a call     routing/needs.rs (skills, easing), preference.rs (whom the caller knows; looked up by
//!                         controller/acquaintance.rs)
//! who did a thing, in words pages/author.rs (a person, or a program that web/api/asker.rs named)
//! a report's figures      reports/ (what counts where), store/queue_report.rs (reads; lists the calls behind a figure)
//! a program's route       web/api/table.rs; router and OpenAPI document are made of it; keys in store/keys.rs
//! a hook's deliveries     events/hooks/runner.rs, what is sent letter.rs, where to address.rs; its place store/hooks.rs
//! what a waiting caller is told  dialplan/read/waiting.rs, dialplan/figures.rs (numbers in words), routing/announcing.rs;
//!                         the expected wait: routing/pace.rs
//! an emergency message    dialplan/read/emergency.rs, routing/emergency.rs; web/api/emergency.rs, pages/emergency.rs (the band)
//! passed on by an agent   routing/passing_on.rs (to whom, what is refused, back to the queue, coming away from the agent's
//!                         leg); web/api/passing_on.rs, pages/desk/passing.rs; promised of every switch:
//!                         tests/conformance/scenarios/passing.rs
//! sent to a number outside  the step's `transfer`: routing/transferring.rs, by routing/dial_out.rs
//! agents shared by centres routing/lending.rs (loans, guests, whose the phone is), controller/lending.rs (tells each core
//!                         of the others before any other input; its laws: tests/lending); web/api/loans.rs,
//!                         pages/people/loans.rs, pages/desk/abroad.rs
//! out of a queue by a rule routing/leaving.rs (waited, full, closed, nobody logged in), dialplan/check.rs (no ring of them)
//! who is logged in        store/sessions.rs, web/pages/{login,sessions}.rs; who may do what: store/agents.rs `Role`
//! people and their changes store/people.rs (whole and guarded), given.rs (what may be typed); the audit: store/audit.rs
//! a case whose time is up controller/escalator.rs finds it, cases/escalation.rs decides to whom, store/cases.rs keeps it
//! an erased customer      store/{customers,contacts,notes,cases}.rs in one transaction; what is kept at hand: web/mod.rs
//!                         `Web::forget_persons`
//! a call's record         migrations/, store/calls.rs, shown by web/api/records.rs; names and numbers in store/personal.rs;
//!                         the page's list, with a way in for each filter: store/call_lists.rs; calls in hand: web/api/calls.rs
//! a new fact              routing/fact.rs, known.rs, moves.rs, words.rs; controller/measure.rs; store/{fill,personal,queue_stays}.rs;
//!                         pages/calls/{told,bill}.rs; hooks and event stream know it by themselves; tests/laws/ledger.rs
//! a rehearsal             rehearse/ (world.rs runs it, reading.rs reads the scenario, beside.rs has Erlang); command/rehearse.rs
//! old journals go         command/records.rs: forget, after journal::KEEP_FOR
//! ```
//!
//! # Words
//!
//! One word for an idea, the same in YAML, SQL, HTML, logs and Rust.
//!
//! | word | means |
//! |---|---|
//! | centre | the tenant: one directory of YAML, one set of data, one core |
//! | switch, trunk, station | what carries media; a way out of it; the phone an agent sits at |
//! | department, head, stand-in, superior | a part of a centre; who answers for it; in whose place; the department above |
//! | case, type of case | a thing to be settled, with an owner and a deadline; what an admin wrote about its kind |
//! | accepted, settled, closed | of a case: somebody has it in hand; it is done; and the customer knows |
//! | rung, escalation | how often a case went up because its time ran out; one such step |
//! | person, role | somebody of a centre: agent, supervisor or admin; an agent is a person at the phone |
//! | session | of a person: logged in at a page; of an agent: at work, on a station |
//! | key, scope | what a program brings; what it may |
//! | hook | an address elsewhere that facts are sent to |
//! | version | of a centre's YAML, by its hash; of a record, by its number, so that nobody overwrites another |
//! | audit | who changed what, which nobody can edit |
//! | disposition | how a call or a case ended, in the agent's words |
//! | caller, customer, contact, call | who rings; the record of them; one interaction; a contact by telephone |
//! | leg | one party's channel on the switch |
//! | agent | *presence* is what the agent says, *work* what they hold, *line* what the phone does; free when all agree |
//! | loan, guest, home | queues of a centre lent to an agent of another; that agent there, `name@centre`; the centre that employs them |
//! | queue, place | where callers wait; `joined - credit` is the order in it |
//! | strategy | in which order the free agents of a queue are rung, and how many at once |
//! | need, preference | a skill that an agent must have, until it eases; whom the caller knows, and is kept for a while |
//! | held-open line | a station that is called once and stays up: calls come over it after a tone |
//! | agent number, PIN | by which somebody says at a keypad who they are |
//! | offer | one ring of one agent for one call |
//! | rings, rung together | the phones that ring for one call; the first to answer has it, the others were answered elsewhere |
//! | wrap-up | what an agent does for a call after it |
//! | dialplan, step, prompt | where callers are led, one stop of it, what they hear there |
//! | stay | of a call in a queue, from joining to leaving; an agent's, in a state |
//! | interval, period | a row's time in a report; the whole days that it cuts |
//! | figure, tally, balance | a number of stays; a row's figures; what came = what went and what waits |
//! | flow, cohort | what happened in an interval; what became of the calls that came in it |
//! | input, effect, fact | what the core is told, what it wants done, what it records |
//! | journal | the local append-only record of inputs and facts of one centre |
//! | epoch | one start of a controller; a later one wins |
//! | tag | what is written on a channel, so that its call can be picked up again |
//! | missed, rest | an offer that went unanswered; how long its agent is left alone (`QueueRules`: by why, and how often in a row) |
//! | allowance | how much of a break reason a shift has: shown, never enforced |
//! | beat | our sign of life on the switch: new calls are ours while it is fresh |
//! | shed | to hold the beat back, so that new calls fall back on the switch (`Journal::must_shed`) |
//! | dead man | the limit on a call in our hands after which the switch takes it back, and hangs up what we rang |
//! | promise | a call-back that is owed, with its place in a queue: scheduled, waiting, dialled, picked up, resting; kept or broken |
//! | reach | a number that rings for a promise before an agent is rung |
//! | counted on, held back | of an agent: free for a number that rings; of a promise: has its place, and nobody is sought for it |
//! | dial, number, barred | an agent's call to the outside, kept apart from calls; whom it is for; listed as not to be dialled |
//! | answered | of a call: caller and agent heard each other (`CallConnected`) |
//! | passed on | of a caller: sent elsewhere by the agent who talked with them; served: somebody has talked with them |
//! | rehearsal, scenario, stream | days run through the core without a switch; what describes them; callers of one kind in it |
//! | group, seat, rota | agents of a rehearsal who are equal; one of them; who works when |
//! | what if | the same callers with something else otherwise |
//! | healed | the core found the world other than it thought and mended it: always a fact. A driver mends its switch, in the log |
//!
//! # What always holds
//!
//! - A call is in exactly one stage and ends exactly once, in one outcome. An agent has at most one offer or call.
//! - No call waits while a free agent it may take exists; of two, the one with the earlier `joined - credit` goes first.
//!   Where several phones may ring for one, a call that rings nowhere goes before another ring of one that rings.
//! - Nothing is acted on before it is in the journal; nothing is in SQL that is not in the journal.
//! - An event of the switch wins over a list; nothing is declared dead before a second, single look.
//! - What came from outside reaches no wire, path, statement or page unescaped, and nothing of it can panic us.
//! - Every wait has a timer, every buffer and retry a limit, named where it is set.
//!
//! Deliberately absent: media. Clocks and chance in the pure rooms. A second way to learn what a call did.

pub mod calendar;
pub mod cases;
pub mod config;
pub mod controller;
pub mod customers;
pub mod dialplan;
pub mod events;
pub mod organisation;
pub mod rehearse;
pub mod reports;
pub mod routing;
pub mod speech;
pub mod store;
pub mod switch;
pub mod web;
