//! The HTTP interface and the command line, from outside: a real listener, a real binary, the rehearsal switch.

mod acquaintance;
mod audit;
mod book;
mod browser;
mod cases;
mod command;
mod configuration;
mod desk;
mod dials;
mod document;
mod documented;
mod emergency;
mod events;
mod floor;
mod hooks;
mod keypad;
mod keys;
mod lending;
mod pages_calls;
mod pages_cases;
mod pages_customers;
mod pages_desk;
mod pages_floor;
mod passing_on;
mod people;
#[allow(dead_code, reason = "others need another side of it")]
#[path = "../parts/postgres.rs"]
mod postgres;
mod promises;
mod receiver;
mod safety;
mod several;
mod versions;
mod visitor;
mod waiting;
