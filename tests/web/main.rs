//! The HTTP interface and the command line, from outside: a real listener, a real binary, the rehearsal switch.

mod command;
mod desk;
mod document;
mod events;
mod floor;
mod keys;
mod safety;
mod versions;
