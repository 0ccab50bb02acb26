//! Every route of the interface, one noun after another. What a route is, `routes.rs` says.

use axum::handler::Handler;
use axum::http::Method;

use super::body::By;
use super::paging::Piece;
use super::routes::{Route, delete, get, patch, post, put, route};
use super::signature::Signature;
use super::{
    agents, breaks, calls, cases, centres, customers, dials, document, emergency, events, hooks, loans, notes,
    passing_on, promises, queues, records, session, versions,
};
use crate::events::Event;
use crate::routing::promise::PromiseSeen;
use crate::routing::view::{AgentSeen, CallSeen, Floor, MessageSeen, QueueSeen};
use crate::store::keys::Scope;
use crate::web::Web;

/// Everything there is.
pub fn table() -> Vec<Route> {
    let mut all = vec![
        route(get("/openapi.json"), None, "document", "This document", document::show).gives::<serde_json::Value>(200),
        route(
            get("/centres"),
            Scope::FloorRead,
            "list_centres",
            "The centres that may be seen, a line each",
            centres::list,
        )
        .gives::<Vec<centres::CentreLine>>(200),
        route(
            get("/events"),
            Scope::EventsRead,
            "follow_events",
            "Every fact of all centres as it happens",
            events::of_all,
        )
        .asked::<events::Which>()
        .streams::<Event>(),
    ];
    all.extend(floor());
    all.extend(people());
    all.extend(lent());
    all.extend(story());
    all.extend(told());
    all.extend(known());
    all.extend(settled());
    all
}

fn floor() -> Vec<Route> {
    vec![
        route(
            get("/centres/{centre}/floor"),
            Scope::FloorRead,
            "show_floor",
            "All of the floor at this moment",
            centres::floor,
        )
        .gives::<Floor>(200),
        route(
            get("/centres/{centre}/queues"),
            Scope::FloorRead,
            "list_queues",
            "Queues, as they are now",
            queues::list,
        )
        .gives::<Vec<QueueSeen>>(200),
        route(
            get("/centres/{centre}/emergency"),
            Scope::FloorRead,
            "list_emergency_messages",
            "Emergency messages, on and off",
            emergency::list,
        )
        .gives::<Vec<MessageSeen>>(200),
        route(
            put("/centres/{centre}/emergency/{message}"),
            Scope::EmergencyWrite,
            "switch_emergency_on",
            "Have every new caller hear this message first, and those who wait be told it; again, to move its end",
            emergency::switch_on,
        )
        .takes::<emergency::Wanted>()
        .gives::<MessageSeen>(200),
        route(
            delete("/centres/{centre}/emergency/{message}"),
            Scope::EmergencyWrite,
            "switch_emergency_off",
            "Switch the message off",
            emergency::switch_off,
        )
        .asked::<Signature>()
        .gives::<MessageSeen>(200),
        route(
            get("/centres/{centre}/agents"),
            Scope::FloorRead,
            "list_agents",
            "Everybody who was logged in since the start, by name",
            agents::list,
        )
        .asked::<Piece>()
        .gives::<Vec<AgentSeen>>(200),
        route(get("/centres/{centre}/agents/{agent}"), Scope::FloorRead, "show_agent", "One agent, now", agents::show)
            .asked::<By>()
            .gives::<AgentSeen>(200),
    ]
}

fn people() -> Vec<Route> {
    let agent = |route: Route| route.asked::<By>().gives::<AgentSeen>(200);
    vec![
        agent(
            route(
                put("/centres/{centre}/agents/{agent}/session"),
                Scope::AgentsWrite,
                "log_in",
                "Log in at a phone; again at the same phone takes over other queues and skills",
                session::create,
            )
            .takes::<session::Login>(),
        ),
        agent(route(
            delete("/centres/{centre}/agents/{agent}/session"),
            Scope::AgentsWrite,
            "log_out",
            "Log out, now or after the work in hand",
            session::end,
        )),
        agent(
            route(
                put("/centres/{centre}/agents/{agent}/break"),
                Scope::AgentsWrite,
                "take_break",
                "Take a break, now or after the work in hand",
                breaks::create,
            )
            .takes::<breaks::Break>(),
        ),
        agent(route(
            delete("/centres/{centre}/agents/{agent}/break"),
            Scope::AgentsWrite,
            "end_break",
            "Ready again; also after an offer was missed",
            breaks::end,
        )),
        agent(
            route(
                post("/centres/{centre}/agents/{agent}/dial"),
                Scope::CallsDial,
                "dial",
                "Have the agent's phone ring, and call this number when it is picked up; with the same Idempotency-Key \
                 once more within an hour nothing is dialled again",
                dials::create,
            )
            .takes::<dials::Wanted>(),
        ),
        agent(route(
            post("/centres/{centre}/agents/{agent}/answer"),
            Scope::AgentsWrite,
            "answer_call",
            "Tell the phone that rings to pick up",
            agents::answer,
        )),
        agent(route(
            put("/centres/{centre}/agents/{agent}/hold"),
            Scope::AgentsWrite,
            "hold_call",
            "Put the caller on hold: the caller hears music, the agent nothing",
            agents::hold,
        )),
        agent(route(
            delete("/centres/{centre}/agents/{agent}/hold"),
            Scope::AgentsWrite,
            "retrieve_call",
            "Take the caller back from hold",
            agents::retrieve,
        )),
        agent(
            route(
                post("/centres/{centre}/agents/{agent}/call/transfer"),
                Scope::AgentsWrite,
                "pass_call_on",
                "Pass the caller on to another agent, a queue, a step of the dialplan or a number outside; the agent is \
                 done with the call, which goes on",
                passing_on::create,
            )
            .takes::<passing_on::Wanted>(),
        ),
        agent(route(
            delete("/centres/{centre}/agents/{agent}/wrap-up"),
            Scope::AgentsWrite,
            "end_wrap_up",
            "End the wrap-up",
            agents::end_wrap_up,
        )),
        route(
            put("/centres/{centre}/agents/{agent}/calls/{call}/note"),
            Scope::AgentsWrite,
            "write_note",
            "What the agent writes about a call of theirs, and its disposition",
            notes::save,
        )
        .asked::<By>()
        .takes::<notes::Wanted>()
        .gives::<notes::NoteSeen>(200),
        agent(route(
            delete("/centres/{centre}/agents/{agent}/call"),
            Scope::AgentsWrite,
            "end_call",
            "Hang up the agent's leg; the caller goes where they go when an agent hangs up",
            agents::end_call,
        )),
    ]
}

fn lent() -> Vec<Route> {
    vec![
        route(
            get("/centres/{centre}/loans"),
            Scope::AgentsWrite,
            "list_loans",
            "Queues lent to agents of other centres, and this centre's agents who serve queues of others",
            loans::list,
        )
        .gives::<loans::Loans>(200),
        route(
            put("/centres/{centre}/loans/{agent}"),
            Scope::AgentsWrite,
            "lend_queues",
            "Lend queues to an agent of another centre, named name@centre; again, to lend others",
            loans::lend,
        )
        .takes::<loans::Wanted>()
        .gives::<loans::Loans>(200),
        route(
            delete("/centres/{centre}/loans/{agent}"),
            Scope::AgentsWrite,
            "end_loan",
            "Take back what is lent to an agent of another centre; a conversation goes on to its end",
            loans::take_back,
        )
        .asked::<Signature>()
        .gives::<loans::Loans>(200),
        route(
            delete("/centres/{centre}/agents/{agent}/loans/{lender}"),
            Scope::AgentsWrite,
            "decline_loan",
            "Have an agent of this centre serve that other one no more",
            loans::decline,
        )
        .asked::<Signature>()
        .gives::<loans::Loans>(200),
    ]
}

fn story() -> Vec<Route> {
    vec![
        route(get("/centres/{centre}/calls"), Scope::CallsRead, "list_calls", "Calls that live, by id", calls::list)
            .asked::<Piece>()
            .gives::<Vec<CallSeen>>(200),
        route(
            get("/centres/{centre}/calls/{call}"),
            Scope::CallsRead,
            "show_call",
            "The story of one call",
            calls::show,
        )
        .gives::<calls::Story>(200),
        route(
            get("/centres/{centre}/records"),
            Scope::CallsRead,
            "list_records",
            "Calls as they are kept, newest first",
            records::list,
        )
        .asked::<records::Filter>()
        .gives::<records::Page>(200),
        route(
            get("/centres/{centre}/dials"),
            Scope::CallsRead,
            "list_dials",
            "Numbers that agents called, newest first; they are no calls of a queue, and in no report",
            dials::list,
        )
        .asked::<dials::Filter>()
        .gives::<dials::Page>(200),
        route(
            post("/centres/{centre}/queues/{queue}/promises"),
            Scope::CallsDial,
            "promise_call_back",
            "Have an agent of the queue call this number, when it is its turn or at an hour; with the same \
             Idempotency-Key once more within an hour nothing more is promised",
            promises::create,
        )
        .asked::<promises::Author>()
        .takes::<promises::Wanted>()
        .gives::<PromiseSeen>(200),
        route(
            delete("/centres/{centre}/promises/{promise}"),
            Scope::CallsDial,
            "cancel_call_back",
            "Take a call-back back, unless the number has answered",
            promises::cancel,
        )
        .asked::<promises::Author>()
        .gives::<PromiseSeen>(200),
        route(
            get("/centres/{centre}/promises"),
            Scope::CallsRead,
            "list_call_backs",
            "Call-backs that are or were owed, newest first",
            promises::list,
        )
        .asked::<promises::Filter>()
        .gives::<promises::Page>(200),
        route(
            get("/centres/{centre}/events"),
            Scope::EventsRead,
            "follow_events_of_centre",
            "Every fact of one centre as it happens",
            events::of_centre,
        )
        .asked::<events::Which>()
        .streams::<Event>(),
        route(
            post("/centres/{centre}/versions"),
            Scope::VersionsWrite,
            "publish_version",
            "Publish what stands in the centre's directory; with a mistake in it nothing changes",
            versions::create,
        )
        .gives::<versions::Published>(201),
    ]
}

fn told() -> Vec<Route> {
    vec![
        route(get("/centres/{centre}/hooks"), Scope::HooksWrite, "list_hooks", "Hooks and how they do", hooks::list)
            .gives::<Vec<hooks::Hook>>(200),
        route(
            post("/centres/{centre}/hooks"),
            Scope::HooksWrite,
            "create_hook",
            "Have what happens from now on sent to an address, signed as Standard Webhooks says, in order, at least once",
            hooks::create,
        )
        .takes::<hooks::New>()
        .gives::<hooks::Made>(201),
        route(get("/centres/{centre}/hooks/{hook}"), Scope::HooksWrite, "show_hook", "One hook", hooks::show)
            .gives::<hooks::Hook>(200),
        route(
            patch("/centres/{centre}/hooks/{hook}"),
            Scope::HooksWrite,
            "update_hook",
            "Change a hook, or switch it on or off",
            hooks::update,
        )
        .takes::<hooks::Change>()
        .gives::<hooks::Hook>(200),
        route(
            delete("/centres/{centre}/hooks/{hook}"),
            Scope::HooksWrite,
            "remove_hook",
            "Take a hook out; answers with what it was",
            hooks::remove,
        )
        .gives::<hooks::Hook>(200),
    ]
}

fn known() -> Vec<Route> {
    vec![
        route(
            get("/centres/{centre}/customers"),
            Scope::CustomersRead,
            "list_customers",
            "Customers by the beginning of a name or number, or by a whole number",
            customers::list,
        )
        .asked::<customers::Which>()
        .gives::<customers::Page>(200),
        route(
            post("/centres/{centre}/customers"),
            Scope::CustomersWrite,
            "create_customer",
            "A new customer; with the same Idempotency-Key once more it is the same one",
            customers::create,
        )
        .takes::<customers::Written>()
        .gives::<customers::CustomerSeen>(201),
        route(
            get("/centres/{centre}/customers/{customer}"),
            Scope::CustomersRead,
            "show_customer",
            "One customer",
            customers::show,
        )
        .gives::<customers::CustomerSeen>(200),
        route(
            put("/centres/{centre}/customers/{customer}"),
            Scope::CustomersWrite,
            "update_customer",
            "The whole record, in the place of the one that was seen in this version",
            customers::update,
        )
        .takes::<customers::Written>()
        .gives::<customers::CustomerSeen>(200),
        route(
            delete("/centres/{centre}/customers/{customer}"),
            Scope::CustomersWrite,
            "erase_customer",
            "Forget the person: record, calls' numbers and names, texts of cases; the figures stay",
            customers::erase,
        )
        .gives::<customers::CustomerSeen>(200),
        route(
            get("/centres/{centre}/customers/{customer}/calls"),
            Scope::CallsRead,
            "list_calls_of_customer",
            "The calls of a customer, newest first",
            customers::calls,
        )
        .asked::<customers::Before>()
        .gives::<Vec<records::Record>>(200),
    ]
}

fn settled() -> Vec<Route> {
    vec![
        route(
            get("/centres/{centre}/cases"),
            Scope::CasesRead,
            "list_cases",
            "Cases: those that are not closed, the most urgent first; or all of a customer or a call",
            cases::list,
        )
        .asked::<cases::Which>()
        .gives::<cases::Page>(200),
        route(
            post("/centres/{centre}/cases"),
            Scope::CasesWrite,
            "open_case",
            "Open a case; with the same Idempotency-Key once more it is the same one",
            cases::create,
        )
        .takes::<cases::New>()
        .gives::<cases::CaseSeen>(201),
        route(
            get("/centres/{centre}/cases/{case}"),
            Scope::CasesRead,
            "show_case",
            "One case and its history",
            cases::show,
        )
        .asked::<cases::After>()
        .gives::<cases::Story>(200),
        of_case(
            put("/centres/{centre}/cases/{case}/acceptance"),
            "accept_case",
            "Somebody will see to it",
            cases::accept,
        )
        .takes::<cases::Done>(),
        of_case(put("/centres/{centre}/cases/{case}/owner"), "assign_case", "Give it to somebody else", cases::assign)
            .takes::<cases::Assigned>(),
        of_case(
            put("/centres/{centre}/cases/{case}/wait"),
            "let_case_wait",
            "Somebody else has to do something first; for the customer the clock stops",
            cases::wait,
        )
        .takes::<cases::Waiting>(),
        of_case(delete("/centres/{centre}/cases/{case}/wait"), "go_on_with_case", "The wait is over", cases::go_on)
            .asked::<cases::Done>(),
        of_case(
            put("/centres/{centre}/cases/{case}/settlement"),
            "settle_case",
            "It is done: whoever opened it has it again, to tell the customer",
            cases::settle,
        )
        .takes::<cases::Settled>(),
        of_case(
            delete("/centres/{centre}/cases/{case}/settlement"),
            "reopen_case",
            "Something is left to do: it goes to who settled it",
            cases::reopen,
        )
        .asked::<cases::Done>(),
        of_case(
            put("/centres/{centre}/cases/{case}/closure"),
            "close_case",
            "The customer knows: it is closed",
            cases::close,
        )
        .takes::<cases::Done>(),
        of_case(
            post("/centres/{centre}/cases/{case}/notes"),
            "note_case",
            "Write something into its history",
            cases::note,
        )
        .takes::<cases::Done>(),
    ]
}

/// Something is done with a case.
fn of_case<H, T>(at: (Method, &'static str), id: &'static str, summary: &'static str, handler: H) -> Route
where
    H: Handler<T, Web>,
    T: 'static,
{
    route(at, Scope::CasesWrite, id, summary, handler).gives::<cases::CaseSeen>(200)
}
