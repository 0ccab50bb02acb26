//! The dialplan from outside: what its files say, and what a caller hears of it.

mod samples;
