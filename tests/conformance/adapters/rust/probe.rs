//! The plugin that the suite supplies, by contract: it reports what it is asked, and waits, fails and raises as it is told.
//!
//! One lock guards the counter and the output: the order of the lines is the order of the numbers.

use std::collections::HashSet;
use std::io::Write;
use std::sync::{Arc, Condvar, Mutex, OnceLock, Weak};

use crate::json::{quoted, quoted_list, Json};
use crate::plugin::{Failure, Instance, Manifest, Plugin};

/// The adapter's one counter, and its standard output.
pub struct Wire {
    seq: Mutex<u64>,
}

impl Wire {
    pub fn new() -> Wire {
        Wire { seq: Mutex::new(0) }
    }

    /// A number that belongs to no line: when something was invoked.
    pub fn stamp(&self) -> u64 {
        let mut seq = self.seq.lock().expect("the wire");
        *seq += 1;
        *seq
    }

    /// Write the line that `text` makes of the next number, unless `unless` says that nobody wants it any more.
    pub fn write(&self, unless: impl Fn() -> bool, text: impl FnOnce(u64) -> String) {
        let mut seq = self.seq.lock().expect("the wire");
        if unless() {
            return;
        }
        *seq += 1;
        let mut line = text(*seq);
        line.push('\n');
        let mut out = std::io::stdout().lock();
        if out.write_all(line.as_bytes()).and_then(|()| out.flush()).is_err() {
            std::process::exit(1); // nobody reads: the suite has gone
        }
    }

    pub fn reply(&self, id: u64, invoked: u64, outcome: &Result<String, Failure>) {
        self.write(|| false, |returned| {
            let stamps = format!("\"seq_invoked\":{invoked},\"seq_returned\":{returned}");
            match outcome {
                Ok(value) => format!("{{\"reply\":{id},\"ok\":true,\"value\":{value},{stamps}}}"),
                Err(failure) => {
                    let stragglers = match &failure.stragglers {
                        Some(calls) => quoted_list(calls),
                        None => "null".into(),
                    };
                    format!(
                        "{{\"reply\":{id},\"ok\":false,\"error\":{{\"kind\":{},\"message\":{},\"causes\":{},\"stragglers\":{stragglers}}},{stamps}}}",
                        quoted(failure.kind),
                        quoted(&failure.message),
                        quoted_list(&failure.causes),
                    )
                }
            }
        });
    }
}

/// One plugin from its first version to the suite's `end`.
pub struct Session {
    pub wire: Arc<Wire>,
    pub plugin: OnceLock<Plugin<Probe>>,
    gates: Mutex<Gates>,
    moved: Condvar,
}

#[derive(Default)]
struct Gates {
    open: HashSet<String>,
    all: bool,
    over: bool,
    busy: usize,
}

impl Session {
    pub fn new(wire: Arc<Wire>) -> Arc<Session> {
        Arc::new(Session { wire, plugin: OnceLock::new(), gates: Mutex::default(), moved: Condvar::new() })
    }

    pub fn open(&self, gate: &str) {
        self.gates.lock().expect("gates").open.insert(gate.to_owned());
        self.moved.notify_all();
    }

    /// A thread of this session begins; `done` says that it has answered.
    pub fn begin(&self) {
        self.gates.lock().expect("gates").busy += 1;
    }

    pub fn done(&self) {
        self.gates.lock().expect("gates").busy -= 1;
        self.moved.notify_all();
    }

    /// Open all gates and wait for every thread; nothing is reported afterwards.
    pub fn end(&self) {
        let mut gates = self.gates.lock().expect("gates");
        gates.all = true;
        self.moved.notify_all();
        gates = self.moved.wait_while(gates, |gates| gates.busy > 0).expect("gates");
        gates.over = true;
    }

    fn over(&self) -> bool {
        self.gates.lock().expect("gates").over
    }

    fn event(&self, kind: &str, version: u64, call: Option<u64>, gate: Option<&str>) {
        self.wire.write(|| self.over(), |seq| {
            let call = call.map_or("null".into(), |number| number.to_string());
            let gate = gate.map_or("null".into(), quoted);
            format!("{{\"event\":\"{kind}\",\"seq\":{seq},\"version\":{version},\"call\":{call},\"gate\":{gate}}}")
        });
    }

    fn wait_at(&self, gate: &str, version: u64, call: Option<u64>) {
        self.event("gate", version, call, Some(gate));
        let gates = self.gates.lock().expect("gates");
        drop(self.moved.wait_while(gates, |gates| !gates.all && !gates.open.contains(gate)).expect("gates"));
        self.event("passed", version, call, Some(gate));
    }
}

/// What one call is to do.
pub struct Ticket {
    pub number: u64,
    pub function: String,
    gate: Option<String>,
    raises: bool,
    nested: Option<Box<Ticket>>,
    nested_op: Option<String>,
}

impl Ticket {
    pub fn read(json: &Json) -> Option<Ticket> {
        Some(Ticket {
            number: json.get("number").whole()?,
            function: json.get("function").text()?.to_owned(),
            gate: json.get("gate").text().map(str::to_owned),
            raises: *json.get("raises") == Json::Bool(true),
            nested: Ticket::read(json.get("nested")).map(Box::new),
            nested_op: json.get("nested_op").text().map(str::to_owned),
        })
    }
}

/// One version of the plugin.
pub struct Probe {
    version: u64,
    fail: HashSet<String>,
    gates: Json,
    session: Weak<Session>,
}

impl Probe {
    /// Build an instance from the suite's words, and report it.
    pub fn build(candidate: &Json, session: &Arc<Session>) -> (Probe, Manifest) {
        let words = |list: &Json| list.list().iter().filter_map(Json::text).map(str::to_owned).collect::<Vec<_>>();
        let version = candidate.get("version").whole().unwrap_or(0);
        let manifest = Manifest {
            name: candidate.get("name").text().unwrap_or("").to_owned(),
            version,
            exports: words(candidate.get("exports")),
            hooks: candidate
                .get("hooks")
                .entries()
                .filter_map(|(hook, function)| Some((hook.clone(), function.text()?.to_owned())))
                .collect(),
        };
        session.event("built", version, None, None);
        let fail = words(candidate.get("fail")).into_iter().collect();
        (Probe { version, fail, gates: candidate.get("gates").clone(), session: Arc::downgrade(session) }, manifest)
    }

    fn session(&self) -> Arc<Session> {
        self.session.upgrade().expect("a session outlives its threads")
    }

    fn hook(&self, name: &str, done: &str) -> Result<(), Failure> {
        let Some(session) = self.session.upgrade() else { return Ok(()) };
        session.event(name, self.version, None, None);
        if let Some(gate) = self.gates.get(name).text() {
            session.wait_at(gate, self.version, None);
        }
        if self.fail.contains(name) {
            return Err(Failure::new("ProbeError", format!("{name} of version {} was told to fail", self.version)));
        }
        session.event(done, self.version, None, None);
        Ok(())
    }
}

impl Instance for Probe {
    type Argument = Ticket;
    type Value = String;

    fn init(&self) -> Result<(), Failure> {
        self.hook("init", "init_done")
    }

    fn close(&self) -> Result<(), Failure> {
        self.hook("close", "close_done")
    }

    fn call(&self, _function: &str, ticket: &Ticket) -> Result<String, Failure> {
        let session = self.session();
        let plugin = session.plugin.get().expect("it is registered");
        session.event("start", self.version, Some(ticket.number), None);
        if let Some(gate) = &ticket.gate {
            session.wait_at(gate, self.version, Some(ticket.number));
        }
        let nested = ticket.nested.as_ref().map(|inner| plugin.call(&inner.function, inner));
        let operation = ticket.nested_op.as_ref().map(|name| crate::operate(&session, name));
        session.event("end", self.version, Some(ticket.number), None);
        nested.transpose()?;
        operation.transpose()?;
        if ticket.raises {
            return Err(Failure::new("ProbeError", format!("asked for by call {}", ticket.number)));
        }
        Ok(format!("{{\"number\":{},\"version\":{}}}", ticket.number, self.version))
    }
}
