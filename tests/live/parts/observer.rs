//! A raw Manager Interface session for tests: says an action, waits for an event.
//!
//! Deliberately apart from Cordboard's own client, so that a mistake there cannot hide itself here.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

/// What the switch sent between two empty lines.
#[derive(Debug)]
pub struct Frame(Vec<(String, String)>);

impl Frame {
    /// The first value of a header, or nothing.
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v)
    }

    pub fn is(&self, event: &str) -> bool {
        self.get("Event") == event
    }
}

pub struct Observer {
    stream: TcpStream,
    reader: BufReader<TcpStream>,
    /// Seen while something else was waited for; searched first.
    earlier: Vec<Frame>,
    actions: u32,
}

impl Observer {
    pub fn log_in(address: &str, user: &str, secret: &str) -> Observer {
        let stream = TcpStream::connect(address).unwrap_or_else(|e| panic!("the manager interface {address}: {e}"));
        let mut reader = BufReader::new(stream.try_clone().expect("a socket can be cloned"));
        let mut banner = String::new();
        reader.read_line(&mut banner).expect("the manager interface greets");
        let mut observer = Observer { stream, reader, earlier: Vec::new(), actions: 0 };
        let answer = observer.action(&[("Action", "Login"), ("Username", user), ("Secret", secret)]);
        assert_eq!(answer.get("Response"), "Success", "{answer:?}");
        observer.event("FullyBooted", Duration::from_secs(10));
        observer
    }

    /// Sends one action and returns its response, at most 5 s later. Events that come first are kept.
    pub fn action(&mut self, headers: &[(&str, &str)]) -> Frame {
        self.actions += 1;
        let id = self.actions.to_string();
        let mut text = String::new();
        for (name, value) in headers {
            text += &format!("{name}: {value}\r\n");
        }
        text += &format!("ActionID: {id}\r\n\r\n");
        self.stream.write_all(text.as_bytes()).expect("the manager interface takes an action");
        self.first(&format!("response to {headers:?}"), Duration::from_secs(5), |frame| {
            frame.get("ActionID") == id && !frame.get("Response").is_empty()
        })
    }

    /// The first event of this name not yet taken.
    pub fn event(&mut self, name: &str, limit: Duration) -> Frame {
        self.first(name, limit, |frame| frame.is(name))
    }

    /// The first frame not yet taken that `wanted` accepts. Panics after `limit`, with what came instead.
    pub fn first(&mut self, what: &str, limit: Duration, wanted: impl Fn(&Frame) -> bool) -> Frame {
        if let Some(at) = self.earlier.iter().position(&wanted) {
            return self.earlier.remove(at);
        }
        let until = Instant::now() + limit;
        loop {
            let Some(frame) = self.read(until) else {
                let came: Vec<&str> =
                    self.earlier.iter().map(|f| f.get("Event")).filter(|name| !name.is_empty()).collect();
                panic!("no {what} within {limit:?}; events that came: {came:?}");
            };
            if wanted(&frame) {
                return frame;
            }
            self.earlier.push(frame);
        }
    }

    /// True if nothing that `unwanted` accepts came, or comes within `limit`.
    pub fn never(&mut self, limit: Duration, unwanted: impl Fn(&Frame) -> bool) -> bool {
        let until = Instant::now() + limit;
        while let Some(frame) = self.read(until) {
            self.earlier.push(frame);
        }
        !self.earlier.iter().any(unwanted)
    }

    fn read(&mut self, until: Instant) -> Option<Frame> {
        let mut headers = Vec::new();
        let mut line = Vec::new();
        loop {
            let left = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())?;
            self.stream.set_read_timeout(Some(left)).expect("a socket takes a read timeout");
            // What a timeout leaves of a half-read line stays in `line`, but the frame is given up with it: a test
            // that has waited its whole limit has failed, or asked for silence.
            match self.reader.read_until(b'\n', &mut line) {
                Ok(0) => panic!("the switch closed the manager interface"),
                Ok(_) => {}
                Err(_) => continue,
            }
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            line.clear();
            match text.split_once(':') {
                Some((name, value)) => headers.push((name.to_owned(), value.trim_start().to_owned())),
                None if text.is_empty() && !headers.is_empty() => return Some(Frame(headers)),
                None => {}
            }
        }
    }

    /// What a living controller writes every half second.
    pub fn beat(&mut self) {
        let now = std::time::SystemTime::now();
        let seconds = now.duration_since(std::time::UNIX_EPOCH).expect("the clock is past 1970").as_secs();
        self.set("", "CORDBOARD_HB", &seconds.to_string());
    }

    /// Sets a variable of a channel, or a global one if `channel` is empty.
    pub fn set(&mut self, channel: &str, variable: &str, value: &str) {
        let mut headers = vec![("Action", "Setvar"), ("Variable", variable), ("Value", value)];
        if !channel.is_empty() {
            headers.push(("Channel", channel));
        }
        let answer = self.action(&headers);
        assert_eq!(answer.get("Response"), "Success", "{answer:?}");
    }

    /// Calls an agent's phone and lets it into the dialplan where Cordboard's legs go. Returns the leg's unique id.
    pub fn ring(&mut self, agent: &str) -> String {
        let id = format!("observer-{}-{agent}", self.actions);
        let answer = self.action(&[
            ("Action", "Originate"),
            ("Channel", &format!("PJSIP/{agent}")),
            ("ChannelId", &id),
            ("Context", "cordboard-agent"),
            ("Exten", "leg"),
            ("Priority", "1"),
            ("Timeout", "30000"),
            ("Async", "true"),
        ]);
        assert_eq!(answer.get("Response"), "Success", "{answer:?}");
        id
    }
}
