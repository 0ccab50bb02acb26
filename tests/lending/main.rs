//! Agents whom several centres share: a house of cores as the loop couples them, walked through by chance; and the whole
//! loop with two centres on one rehearsal switch.

mod house;
mod together;
mod walk;
