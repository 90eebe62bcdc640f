//! A conformance adapter in Rust, standard library only: the suite's JSON lines on one side, `plugin.rs` on the other.
//!
//!     rustc --edition 2021 -O -o quiesce-adapter-rust main.rs
//!     quiesce conform -- ./quiesce-adapter-rust

mod json;
mod plugin;
mod probe;

use std::io::BufRead;
use std::sync::Arc;
use std::time::Duration;

use json::{quoted, quoted_list, Json};
use plugin::{Execution, Failure, Plugin, Policy};
use probe::{Probe, Session, Ticket, Wire};

const CAPABILITIES: &str = r#"["call","prepare","execute","cancel","upgrade","state","stats","manifest","unregister","close","drain-timeout","stragglers","nested","observe","policy","overlap","probation"]"#;

fn main() {
    let wire = Arc::new(Wire::new());
    let mut session: Option<Arc<Session>> = None;
    for line in std::io::stdin().lock().lines() {
        let Ok(line) = line else { break };
        let message = match Json::parse(&line) {
            Ok(message) => message,
            Err(reason) => {
                eprintln!("cannot read {line}: {reason}");
                std::process::exit(2);
            }
        };
        let id = message.get("id").whole().unwrap_or(0);
        match message.get("op").text().unwrap_or("") {
            "hello" => {
                let line = format!(r#"{{"hello":{{"protocol":1,"name":"Rust: announce and confirm","capabilities":{CAPABILITIES}}}}}"#);
                wire.write(|| false, |_| line);
            }
            "bye" => break,
            "ping" => wire.reply(id, wire.stamp(), &Ok("null".into())),
            "open" => {
                if let (Some(session), Some(gate)) = (&session, message.get("gate").text()) {
                    session.open(gate);
                }
            }
            "make" => {
                let fresh = Session::new(wire.clone());
                session = Some(fresh.clone());
                run(fresh, id, move |session| make(session, &message));
            }
            "end" => {
                if let Some(session) = session.clone() {
                    let wire = wire.clone();
                    std::thread::spawn(move || {
                        let invoked = wire.stamp();
                        session.end();
                        wire.reply(id, invoked, &Ok("null".into()));
                    });
                }
            }
            _ => {
                if let Some(session) = session.clone() {
                    run(session, id, move |session| perform(session, &message));
                }
            }
        }
    }
    std::process::exit(0); // threads that still wait at a gate do not keep the process
}

/// Do it on a thread of its own, and answer.
fn run(session: Arc<Session>, id: u64, what: impl FnOnce(&Arc<Session>) -> Result<String, Failure> + Send + 'static) {
    session.begin();
    std::thread::spawn(move || {
        let invoked = session.wire.stamp();
        let outcome = what(&session);
        session.wire.reply(id, invoked, &outcome);
        session.done();
    });
}

fn make(session: &Arc<Session>, message: &Json) -> Result<String, Failure> {
    let timeout = timeout(message.get("drain_timeout"))?;
    let (probe, manifest) = Probe::build(message.get("candidate"), session);
    let plugin = Plugin::new(probe, manifest, timeout)?;
    let _ = session.plugin.set(plugin);
    Ok("null".into())
}

fn perform(session: &Arc<Session>, message: &Json) -> Result<String, Failure> {
    let plugin = plugin(session)?;
    match message.get("op").text().unwrap_or("") {
        "call" => {
            let ticket = Ticket::read(message.get("ticket")).ok_or_else(|| Failure::new("InvalidArgument", "no ticket"))?;
            plugin.call(&ticket.function, &ticket)
        }
        "prepare" => {
            let (probe, manifest) = Probe::build(message.get("candidate"), session);
            plugin.prepare(probe, manifest).map(|()| "null".into())
        }
        "execute" => plugin.execute(execution(message.get("options"), plugin)?).map(|()| "null".into()),
        "upgrade" => {
            let how = execution(message.get("options"), plugin)?;
            let (probe, manifest) = Probe::build(message.get("candidate"), session);
            plugin.upgrade(probe, manifest, how).map(|()| "null".into())
        }
        name => operate(session, name),
    }
}

/// The operations without arguments.
pub fn operate(session: &Arc<Session>, name: &str) -> Result<String, Failure> {
    let plugin = plugin(session)?;
    let nothing = |()| "null".to_owned();
    match name {
        "execute" => plugin.execute(execution(&Json::Null, plugin)?).map(nothing),
        "cancel" => plugin.cancel().map(nothing),
        "commit" => plugin.commit().map(nothing),
        "revert" => plugin.revert().map(nothing),
        "acknowledge" => plugin.acknowledge().map(nothing),
        "unregister" => plugin.unregister().map(|in_time| in_time.to_string()),
        "look" => Ok(look(plugin)),
        _ => Err(Failure::new("UnknownOperation", format!("this adapter knows no {name}"))),
    }
}

fn plugin(session: &Arc<Session>) -> Result<&Plugin<Probe>, Failure> {
    session.plugin.get().ok_or_else(|| Failure::new("WrongState", "nothing is registered"))
}

fn look(plugin: &Plugin<Probe>) -> String {
    let seen = plugin.look();
    let stats = seen.stats;
    let hooks: Vec<String> = seen.manifest.hooks.iter().map(|(k, v)| format!("{}:{}", quoted(k), quoted(v))).collect();
    format!(
        r#"{{"state":"{}","version":{},"stats":{{"successful_upgrades":{},"failed_upgrades":{},"total_drain_time_us":{},"max_drain_time_us":{},"version":{}}},"manifest":{{"name":{},"version":"{}.0.0","exports":{},"hooks":{{{}}}}}}}"#,
        seen.state.name(),
        stats.version,
        stats.successful_upgrades,
        stats.failed_upgrades,
        stats.total_drain_time_us,
        stats.max_drain_time_us,
        stats.version,
        quoted(&seen.manifest.name),
        seen.manifest.version,
        quoted_list(&seen.manifest.exports),
        hooks.join(","),
    )
}

fn execution(options: &Json, plugin: &Plugin<Probe>) -> Result<Execution, Failure> {
    let policy = match options.get("policy").text() {
        None | Some("CONTINUE") => Policy::Continue,
        Some("OVERLAP") => Policy::Overlap,
        Some(other) => return Err(Failure::new("InvalidArgument", format!("there is no policy {other} here"))),
    };
    let given = options.entries().any(|(key, _)| key == "drain_timeout");
    let timeout = if given { timeout(options.get("drain_timeout"))? } else { plugin.default_timeout() };
    Ok(Execution { policy, timeout, probation: *options.get("probation") == Json::Bool(true) })
}

/// Seconds, not negative; null for no limit; anything else is refused (rule D4).
fn timeout(value: &Json) -> Result<Option<Duration>, Failure> {
    match value {
        Json::Null => Ok(None),
        Json::Number(seconds) => Duration::try_from_secs_f64(*seconds)
            .map(Some)
            .map_err(|reason| Failure::new("InvalidTimeout", format!("expected seconds, got {seconds}: {reason}"))),
        other => Err(Failure::new("InvalidTimeout", format!("expected seconds or null, got {other:?}"))),
    }
}
