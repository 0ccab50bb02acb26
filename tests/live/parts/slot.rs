//! A set of ports and a name for one test, held as long as the value lives.
//!
//! Tests run as separate processes at the same time, so the claim is a locked file: the kernel gives it back however
//! the test ends. All ports are below 32768, where Linux begins to hand out ports by itself.

use super::until;
use std::{cell::Cell, fs::File, time::Duration};

/// As many live tests at once as this; each switch with its calls keeps a core busy.
const SLOTS: u16 = 10;

/// A test that waits longer than this for another to end is stuck behind one that hangs.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

pub struct Slot {
    number: u16,
    handed_out: Cell<u16>,
    _claim: File,
}

impl Slot {
    pub fn claim() -> Slot {
        let dir = std::env::temp_dir().join("cordboard-live-slots");
        std::fs::create_dir_all(&dir).expect("the directory of the slots can be made");
        until(LONGEST_WAIT, "free slot for a live test", || {
            (0..SLOTS).find_map(|number| {
                let claim = File::create(dir.join(number.to_string())).expect("a slot's file can be opened");
                claim.try_lock().ok().map(|()| Slot { number, handed_out: Cell::new(0), _claim: claim })
            })
        })
    }

    pub fn name(&self) -> String {
        format!("test-{}", self.number)
    }

    pub fn ami_port(&self) -> u16 {
        15_000 + self.number
    }

    pub fn sip_port(&self) -> u16 {
        15_100 + self.number
    }

    /// First of the 101 ports of the agents' phones: a1001 to a1100 share it, a1101 and on follow one each.
    pub fn phone_port(&self) -> u16 {
        16_000 + self.number * 110
    }

    /// Both ends included; a leg needs two.
    pub fn rtp_ports(&self) -> (u16, u16) {
        let first = 20_000 + self.number * 1_000;
        (first, first + 999)
    }

    /// Four ports that nothing else in this test has: enough for a sipp and its media, or for a server.
    pub fn next_ports(&self) -> u16 {
        let nth = self.handed_out.get();
        assert!(nth < 100, "a test may start at most 100 parts");
        self.handed_out.set(nth + 1);
        11_000 + self.number * 400 + nth * 4
    }
}
