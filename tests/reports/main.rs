//! The laws of reports: rows that balance, intervals that add up, formulas that give what the trade's own examples give.

mod chart;
mod laws;
mod levels;
mod sheet;
