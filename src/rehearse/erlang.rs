//! Erlang's formulas: what queueing theory says of a centre whose callers come at random, talk for exponential times and
//! are served by equal agents in the order in which they came.
//!
//! Erlang C lets nobody give up and has no answer where there is more work than agents; Erlang A (M/M/n+M) has callers
//! with exponential patience, and always has one. Both are worked out without a factorial or a power, so that thousands
//! of agents are no other than ten. Sources: A. K. Erlang 1917; C. Palm 1943; A. Mandelbaum and S. Zeltyn, *The
//! Palm/Erlang-A Queue, with Applications to Call Centers* (2005), whose building blocks J and E are used here.

/// A centre in its steady state. Times in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Load {
    /// Calls a second.
    pub rate: f64,
    /// Mean time an agent has to do with a call.
    pub handle: f64,
    pub agents: u32,
    /// Mean patience.
    pub patience: Option<f64>,
}

/// What a caller meets.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Expected {
    /// The share that has to wait at all.
    pub waits: f64,
    /// The share that gives up.
    pub abandons: f64,
    /// The share that gives up sooner than the short abandons' time.
    pub abandons_soon: f64,
    /// The share of all that is answered within the target.
    pub answered_in_target: f64,
    /// Mean wait of those answered.
    pub speed_of_answer: f64,
    /// The share of their time that agents handle calls.
    pub occupancy: f64,
}

/// Steps of the numerical integrals of Erlang A; Simpson's rule over smooth functions, good to eight figures with these.
const STEPS: usize = 4_000;
/// Below e to the minus this nothing counts any more.
const VANISHES: f64 = 45.0;

/// The share of calls that finds every line taken: Erlang B, by its recursion.
pub fn blocked(lines: u32, erlangs: f64) -> f64 {
    (1..=lines).fold(1.0, |blocked, n| {
        let with = erlangs * blocked;
        with / (f64::from(n) + with)
    })
}

impl Load {
    fn erlangs(&self) -> f64 {
        self.rate * self.handle
    }

    fn makes_sense(&self) -> bool {
        let positive = |x: f64| x.is_finite() && x > 0.0;
        self.agents > 0 && positive(self.rate) && positive(self.handle)
    }

    /// `None`: there is no steady state, because there is as much work as agents or more.
    pub fn erlang_c(&self, target: f64) -> Option<Expected> {
        let (n, erlangs) = (f64::from(self.agents), self.erlangs());
        if !self.makes_sense() || erlangs >= n {
            return None;
        }
        let blocked = blocked(self.agents, erlangs);
        let waits = n * blocked / (n - erlangs * (1.0 - blocked));
        let leaves = (n - erlangs) / self.handle;
        Some(Expected {
            waits,
            abandons: 0.0,
            abandons_soon: 0.0,
            answered_in_target: 1.0 - waits * (-leaves * target).exp(),
            speed_of_answer: waits / leaves,
            occupancy: erlangs / n,
        })
    }

    /// `None`: nobody's patience is known. `short`: who gives up sooner is a short abandon.
    pub fn erlang_a(&self, target: f64, short: f64) -> Option<Expected> {
        let patience = self.patience.filter(|patience| patience.is_finite() && *patience > 0.0)?;
        if !self.makes_sense() {
            return None;
        }
        let offered = Offered::new(self, patience);
        let served = |x: f64| (-x / patience).exp();
        let gives_up = |x: f64| -(-x / patience).exp_m1();
        let waits = offered.over(0.0, f64::INFINITY, |_| 1.0);
        let abandons = offered.over(0.0, f64::INFINITY, gives_up);
        let soon = offered.over(0.0, short, gives_up) + offered.over(short, f64::INFINITY, |_| gives_up(short));
        let in_target = 1.0 - waits + offered.over(0.0, target, served);
        let waited = offered.over(0.0, f64::INFINITY, |x| x * served(x));
        let answered = 1.0 - abandons;
        Some(Expected {
            waits,
            abandons,
            abandons_soon: soon,
            answered_in_target: in_target,
            speed_of_answer: if answered > 0.0 { waited / answered } else { 0.0 },
            occupancy: self.erlangs() * answered / f64::from(self.agents),
        })
    }
}

/// The wait that a caller of endless patience would have: its density is rate * p * exp(rate * H(x) - n x / handle), with
/// H(x) the integral of the share that is still patient.
struct Offered {
    rate: f64,
    serves: f64,
    patience: f64,
    /// The greatest exponent, taken out of everything so that nothing overflows.
    top: f64,
    /// Where the density vanishes.
    end: f64,
    /// What makes it a share of all.
    scale: f64,
}

impl Offered {
    fn new(load: &Load, patience: f64) -> Self {
        let (rate, serves) = (load.rate, f64::from(load.agents) / load.handle);
        let mut offered = Self { rate, serves, patience, top: 0.0, end: 0.0, scale: 1.0 };
        // It falls from the beginning, unless there is more work than agents: then it is highest where those who are
        // still patient are just as many as can be served.
        let highest = if rate > serves { patience * (rate / serves).ln() } else { 0.0 };
        offered.top = offered.exponent(highest);
        offered.end = offered.vanishes_after(highest);
        // E: one over Erlang B of one agent less.
        let states = (1.0 / blocked(load.agents - 1, load.erlangs())) * (-offered.top).exp();
        let waiting = rate * offered.integral(0.0, offered.end, |_| 1.0);
        offered.scale = rate / (states + waiting);
        offered
    }

    fn exponent(&self, x: f64) -> f64 {
        let patient = -self.patience * (-x / self.patience).exp_m1();
        self.rate * patient - self.serves * x
    }

    fn vanishes_after(&self, highest: f64) -> f64 {
        let gone = |x: f64| self.exponent(x) < self.top - VANISHES;
        let (mut low, mut step) = (highest, 1.0 / self.serves);
        while !gone(highest + step) {
            low = highest + step;
            step *= 2.0;
        }
        let mut high = highest + step;
        for _ in 0..60 {
            let middle = f64::midpoint(low, high);
            if gone(middle) { high = middle } else { low = middle }
        }
        high
    }

    /// The mean of `of` over all callers, those left out who wait less than `from` or more than `to`.
    fn over(&self, from: f64, to: f64, of: impl Fn(f64) -> f64) -> f64 {
        let to = to.min(self.end);
        if from >= to { 0.0 } else { self.scale * self.integral(from, to, of) }
    }

    fn integral(&self, from: f64, to: f64, of: impl Fn(f64) -> f64) -> f64 {
        let step = (to - from) / STEPS as f64;
        let at = |n: usize| {
            let x = step.mul_add(n as f64, from);
            of(x) * (self.exponent(x) - self.top).exp()
        };
        let inner: f64 = (1..STEPS).map(|n| at(n) * if n % 2 == 1 { 4.0 } else { 2.0 }).sum();
        (at(0) + inner + at(STEPS)) * step / 3.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: f64, expected: f64, within: f64) {
        assert!((found - expected).abs() <= within, "{found} is not {expected}");
    }

    #[test]
    fn erlang_b_is_what_the_tables_say() {
        // 10 lines, 10 erlangs; 20 lines, 12 erlangs: as every table has it.
        near(blocked(10, 10.0), 0.2146, 0.000_05);
        near(blocked(20, 12.0), 0.009_8, 0.000_05);
        near(blocked(1, 1.0), 0.5, 1e-12);
    }

    #[test]
    fn erlang_c_is_the_trade_s_own_example() {
        // 200 calls an hour of 180 s, 14 agents: widely published as 17.4 % wait, 88.8 % in 20 s, 7.8 s, 71.4 %.
        let load = Load { rate: 200.0 / 3600.0, handle: 180.0, agents: 14, patience: None };
        let expected = load.erlang_c(20.0).unwrap();
        near(expected.waits, 0.174, 0.000_5);
        near(expected.answered_in_target, 0.888, 0.000_5);
        near(expected.speed_of_answer, 7.8, 0.05);
        near(expected.occupancy, 0.714, 0.000_5);
        assert_eq!(Load { agents: 10, ..load }.erlang_c(20.0), None);
        assert_eq!(Load { agents: 0, ..load }.erlang_c(20.0), None);
    }

    #[test]
    fn erlang_a_is_the_example_of_garnett_mandelbaum_and_reiman() {
        // 48 calls a minute of one minute, 50 agents, patience of two minutes (Designing a Call Center with Impatient
        // Customers, 2002): 3.1 % give up and the mean wait is 3.7 s, where Erlang C has 20.8 s; utilisation 93 and 96 %.
        let load = Load { rate: 48.0 / 60.0, handle: 60.0, agents: 50, patience: Some(120.0) };
        let (c, a) = (load.erlang_c(20.0).unwrap(), load.erlang_a(20.0, 0.0).unwrap());
        near(c.speed_of_answer, 20.8, 0.05);
        near(c.occupancy, 0.96, 1e-9);
        near(a.abandons, 0.031, 0.000_5);
        // Their mean wait is of everybody, and what gives up is the mean wait by the patience.
        near(a.abandons * 120.0, 3.7, 0.05);
        near(a.occupancy, 0.93, 0.000_5);
    }

    #[test]
    fn with_endless_patience_erlang_a_becomes_erlang_c() {
        let load = Load { rate: 200.0 / 3600.0, handle: 180.0, agents: 14, patience: Some(1e9) };
        let (c, a) = (load.erlang_c(20.0).unwrap(), load.erlang_a(20.0, 5.0).unwrap());
        near(a.waits, c.waits, 1e-5);
        near(a.answered_in_target, c.answered_in_target, 1e-5);
        near(a.speed_of_answer, c.speed_of_answer, 1e-3);
    }

    /// The same by brute force: the balance of every state, and callers' waits stage by stage.
    fn by_states(load: Load) -> (f64, f64) {
        let (rate, serves, leaves) = (load.rate, 1.0 / load.handle, 1.0 / load.patience.unwrap());
        let agents = load.agents as usize;
        let states = agents * 4 + 4_000;
        let mut weights = vec![0.0_f64; states];
        // From the likeliest state to both sides, so that nothing overflows.
        let middle = (rate / serves).min(load.agents.into()) as usize;
        let down = |k: usize| serves * k.min(agents) as f64 + leaves * k.saturating_sub(agents) as f64;
        weights[middle] = 1.0;
        for k in middle + 1..states {
            weights[k] = weights[k - 1] * rate / down(k);
        }
        for k in (0..middle).rev() {
            weights[k] = weights[k + 1] * down(k + 1) / rate;
        }
        let sum: f64 = weights.iter().sum();
        let waits = weights.iter().skip(agents).sum::<f64>() / sum;
        let waiting: f64 = weights.iter().enumerate().map(|(k, w)| w * k.saturating_sub(agents) as f64).sum();
        (waits, waiting / sum * leaves / rate)
    }

    #[test]
    fn thousands_of_agents_and_any_load_agree_with_the_states_themselves() {
        for (agents, share) in
            [(1, 0.5), (1, 3.0), (7, 1.0), (50, 1.4), (1_000, 0.97), (1_000, 1.2), (5_000, 0.99), (5_000, 1.05)]
        {
            let load = Load { rate: f64::from(agents) * share / 180.0, handle: 180.0, agents, patience: Some(120.0) };
            let (waits, abandons) = by_states(load);
            let found = load.erlang_a(20.0, 5.0).unwrap();
            near(found.waits, waits, 1e-6);
            near(found.abandons, abandons, 1e-6);
            assert!(found.answered_in_target <= 1.0 - found.abandons_soon && found.abandons_soon <= found.abandons);
        }
    }

    #[test]
    fn a_load_that_makes_no_sense_has_no_answer() {
        for (rate, handle, patience) in
            [(0.0, 1.0, 1.0), (-1.0, 1.0, 1.0), (f64::NAN, 1.0, 1.0), (1.0, f64::INFINITY, 1.0), (1.0, 0.0, 1.0)]
        {
            let load = Load { rate, handle, agents: 3, patience: Some(patience) };
            assert_eq!((load.erlang_c(20.0), load.erlang_a(20.0, 5.0)), (None, None));
        }
        let load = Load { rate: 1.0, handle: 1.0, agents: 3, patience: Some(0.0) };
        assert_eq!(load.erlang_a(20.0, 5.0), None);
    }
}
